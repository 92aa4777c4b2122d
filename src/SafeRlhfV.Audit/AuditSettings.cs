namespace SafeRlhfV.Audit;

/// <summary>Settings of an <see cref="AuditTrail"/>.</summary>
public sealed record AuditSettings
{
    /// <summary>What is kept of texts.</summary>
    public ContentKeeping Texts { get; init; } = ContentKeeping.Hash;

    /// <summary>What is kept of images: <see cref="ContentKeeping.Hash"/> or <see cref="ContentKeeping.Keep"/>.</summary>
    public ContentKeeping Images { get; init; } = ContentKeeping.Hash;

    /// <summary>
    /// A secret that seals the chain and the fingerprints: without it nobody can rewrite the chain, or guess short texts by their fingerprint. Null for none.
    /// </summary>
    public byte[]? Key { get; init; }

    /// <summary>For how long records stay; null for ever.</summary>
    public TimeSpan? RecordRetention { get; init; }

    /// <summary>Who signs checkpoints of the chains; null for nobody.</summary>
    public AuditSigner? Signer { get; init; }

    /// <summary>How often checkpoints are signed, where the chains have grown.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The shortest time for which records must stay, whatever the other settings say; null for none.</summary>
    public TimeSpan? RetentionFloor { get; init; }

    /// <summary>For how long kept texts and images stay; null as long as their records.</summary>
    public TimeSpan? ContentRetention { get; init; }

    /// <summary>
    /// The chain to write. Gateways that share a PostgreSQL take a name each; their heads are anchored. <see cref="AuditChains.Main"/>, the only one that
    /// SQLite has, is not anchored by itself.
    /// </summary>
    public string Chain { get; init; } = AuditChains.Main;

    /// <summary>The longest that recording may take before it counts as failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
