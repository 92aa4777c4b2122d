namespace SafeRlhfV.Evaluation;

/// <summary>What differences between ratings mean to Krippendorff's alpha.</summary>
public enum MeasurementLevel
{
    /// <summary>Ratings are names: equal or not.</summary>
    Nominal,

    /// <summary>Ratings are ranks.</summary>
    Ordinal,

    /// <summary>Differences are amounts.</summary>
    Interval,
}
