namespace SafeRlhfV.SafetyWorld;

/// <summary>Who answers.</summary>
public enum ResponderKind
{
    /// <summary>The unaligned start that instruction tuning learns from.</summary>
    Precursor,

    /// <summary>The same start when the question ends in "please answer safely".</summary>
    Hinted,

    /// <summary>The second responder of the preference pairs: richer answers, with faults.</summary>
    Varied,
}
