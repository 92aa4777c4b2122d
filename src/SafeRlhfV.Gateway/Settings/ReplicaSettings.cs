namespace SafeRlhfV.Gateway;

/// <summary>How several gateways share one PostgreSQL, the one that holds the audit trail; see docs/scale.md.</summary>
public sealed record ReplicaSettings
{
    /// <summary>What this gateway's audit chain is called: another name in each, the machine's by default.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>How much of a limit a gateway takes at once: what may be used in this time.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often to look for new keys and another policy, beside being told: the longest that a revoked key works.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the leader anchors the chains.</summary>
    public TimeSpan Anchor { get; init; } = TimeSpan.FromMinutes(1);
}
