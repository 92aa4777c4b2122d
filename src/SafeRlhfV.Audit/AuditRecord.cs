namespace SafeRlhfV.Audit;

/// <summary>A link of the chain as it is stored.</summary>
/// <param name="Sequence">Its number, from 1 without gaps.</param>
/// <param name="Kind">prompt, end or review; in the chain of anchors anchor or retired.</param>
/// <param name="Request">The request that it is about; of an anchor, the chain.</param>
/// <param name="At">When, in UTC, as ISO 8601.</param>
/// <param name="Payload">What was recorded: one JSON object, which holds the four values before too, and the chain where it is not the main one.</param>
/// <param name="Previous">The hash of the record before.</param>
/// <param name="Hash">The hash of <paramref name="Previous"/> and <paramref name="Payload"/>.</param>
/// <param name="Chain">The chain that it is a link of.</param>
public sealed record AuditRecord(
    long Sequence, string Kind, string Request, string At, string Payload, string Previous, string Hash, string Chain = AuditChains.Main);
