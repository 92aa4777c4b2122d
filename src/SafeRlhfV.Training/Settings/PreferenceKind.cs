namespace SafeRlhfV.Training;

/// <summary>The two forced preferences of a pair.</summary>
public enum PreferenceKind
{
    /// <summary>Which answer helps more.</summary>
    Helpful,

    /// <summary>Which answer is safer.</summary>
    Safe,
}
