namespace SafeRlhfV.Data;

/// <summary>How far apart two labels are.</summary>
public enum AgreementMetric
{
    /// <summary>Equal or not.</summary>
    Nominal,

    /// <summary>By the ranks between them.</summary>
    Ordinal,

    /// <summary>By their difference.</summary>
    Interval,
}
