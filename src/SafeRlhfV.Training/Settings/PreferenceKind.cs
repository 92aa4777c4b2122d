namespace SafeRlhfV.Training;

/// <summary>What a pair's answers are ordered by: one of its two forced preferences, or both.</summary>
public enum PreferenceKind
{
    /// <summary>Which answer helps more.</summary>
    Helpful,

    /// <summary>Which answer is safer.</summary>
    Safe,

    /// <summary>Which answer helps more, but a safe answer always wins over an unsafe one (SafeDPO).</summary>
    SafeHelpful,
}
