namespace SafeRlhfV.Audit;

/// <summary>A point of the chain: its head, or where it begins after old records were deleted.</summary>
/// <param name="Sequence">The record's number; 0 before the first.</param>
/// <param name="Hash">The record's hash.</param>
public sealed record AuditMark(long Sequence, string Hash);
