namespace SafeRlhfV.Audit;

/// <summary>What verifying an audit trail found.</summary>
/// <param name="Records">How many records there are, in all chains.</param>
/// <param name="Head">
/// The last record; of a trail with several chains, the last anchor, which covers them all. Kept elsewhere, it proves later that nothing was cut off the end.
/// </param>
/// <param name="Faults">Every change, gap and contradiction, the first thousand of them; empty where the trail is whole.</param>
/// <param name="IsKeyed">Whether a key was used: without one, whoever may write the database could have rewritten all of it.</param>
public sealed record AuditCheck(long Records, AuditMark Head, IReadOnlyList<string> Faults, bool IsKeyed)
{
    /// <summary>Whether the trail is whole.</summary>
    public bool IsWhole => Faults.Count == 0;

    /// <summary>How many records were erased: their links stand, what they said is gone, and a record says who asked for it.</summary>
    public long Erased { get; init; }

    /// <summary>
    /// Whether the trail is sealed with a key that was not given, so that only what its signed checkpoints cover is proven. Links between younger records,
    /// marks and kept contents were not checked.
    /// </summary>
    public bool IsBlind { get; init; }

    /// <summary>The chains, the chain of anchors last.</summary>
    public IReadOnlyList<AuditChainState> Chains { get; init; } = [];
}
