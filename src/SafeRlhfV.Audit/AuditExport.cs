namespace SafeRlhfV.Audit;

/// <summary>What of a trail is exported, and how.</summary>
public sealed record AuditExport
{
    /// <summary>The time of the first record; null for the beginning.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The time before which the last record is; null for the end.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The chain; null for all.</summary>
    public string? Chain { get; init; }

    /// <summary>
    /// Whether records are written as OCSF events (Open Cybersecurity Schema Framework) instead of as they are. Events are for monitoring tools; the records as
    /// they are can be verified.
    /// </summary>
    public bool IsOcsf { get; init; }
}
