namespace SafeRlhfV.Guard;

/// <summary>What is being judged.</summary>
public enum GuardSide
{
    /// <summary>What goes to the model.</summary>
    Prompt,

    /// <summary>What comes from the model.</summary>
    Answer,
}
