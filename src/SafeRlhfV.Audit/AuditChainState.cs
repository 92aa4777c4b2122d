namespace SafeRlhfV.Audit;

/// <summary>What verifying a trail found of one chain.</summary>
/// <param name="Name">The chain.</param>
/// <param name="Records">How many records it has.</param>
/// <param name="Head">Its last record.</param>
/// <param name="Unanchored">
/// How many of its records are younger than its last anchor: were they cut off, no anchor would tell. 0 for the chain of anchors.
/// </param>
public sealed record AuditChainState(string Name, long Records, AuditMark Head, long Unanchored)
{
    /// <summary>How many of its records were erased.</summary>
    public long Erased { get; init; }

    /// <summary>How many checkpoints of it the public key verifies; 0 where none was given.</summary>
    public int Signed { get; init; }

    /// <summary>How many of its records are younger than its last checkpoint; 0 where no public key was given.</summary>
    public long Unsigned { get; init; }
}
