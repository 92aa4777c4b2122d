namespace SafeRlhfV.Data;

/// <summary>Ends the reading of a row that is left out of an import.</summary>
/// <param name="reason">One of <see cref="DropReason"/>.</param>
internal sealed class DroppedRowException(string reason) : Exception(reason)
{
    /// <summary>Why.</summary>
    public string Reason { get; } = reason;
}
