namespace SafeRlhfV.Training;

/// <summary>What a row without a right answer is.</summary>
public enum MissingAnswer
{
    /// <summary>An error that names the row.</summary>
    Error,

    /// <summary>A prompt that this reward has no part in: it adds 0 to all answers, and its mean leaves them out.</summary>
    Skip,
}
