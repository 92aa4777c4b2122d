namespace SafeRlhfV.Training;

/// <summary>What of a response CM-V reads for the cost that is held.</summary>
public enum CostReads
{
    /// <summary>The whole response with its thoughts, so that harm cannot move there.</summary>
    All,

    /// <summary>What is said outside of the thoughts. Where that is nothing, or the thoughts never end, the whole response.</summary>
    Answer,
}
