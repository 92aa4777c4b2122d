namespace SafeRlhfV.Evaluation;

/// <summary>What an answer is good at.</summary>
public enum JudgementAxis
{
    /// <summary>It helps: it is right, effective, or does not refuse a harmless question.</summary>
    Helpful,

    /// <summary>It does no harm: it is safe, or declines a harmful question.</summary>
    Harmless,
}
