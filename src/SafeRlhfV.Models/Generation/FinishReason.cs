namespace SafeRlhfV.Models;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The most tokens were reached.</summary>
    Length,

    /// <summary>An end token came.</summary>
    EndToken,

    /// <summary>The caller's stop condition held, such as a stop string.</summary>
    Stopped,
}
