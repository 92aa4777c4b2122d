namespace SafeRlhfV.Training;

/// <summary>What happens to rows with an answer beyond the limits.</summary>
public enum TooLong
{
    /// <summary>The row is left out, and counted.</summary>
    Drop,

    /// <summary>The answer loses its end, and is counted.</summary>
    CutResponse,
}
