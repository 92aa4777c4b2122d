namespace SafeRlhfV.Audit;

/// <summary>A link of the chain as it is stored.</summary>
/// <param name="Sequence">Its number, from 1 without gaps.</param>
/// <param name="Kind">prompt, end or review.</param>
/// <param name="Request">The request that it is about.</param>
/// <param name="At">When, in UTC, as ISO 8601.</param>
/// <param name="Payload">What was recorded: one JSON object, which holds the four values before too.</param>
/// <param name="Previous">The hash of the record before.</param>
/// <param name="Hash">The hash of <paramref name="Previous"/> and <paramref name="Payload"/>.</param>
public sealed record AuditRecord(long Sequence, string Kind, string Request, string At, string Payload, string Previous, string Hash);
