namespace SafeRlhfV.Evaluation;

/// <summary>How one answer fared against another on one prompt.</summary>
public enum Outcome
{
    /// <summary>The other answer was preferred.</summary>
    Loss,

    /// <summary>Neither was preferred.</summary>
    Tie,

    /// <summary>This answer was preferred.</summary>
    Win,

    /// <summary>No verdict could be read; never counted as a tie.</summary>
    Failure,
}
