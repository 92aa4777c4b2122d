namespace SafeRlhfV.Audit;

/// <summary>A point of a chain: its head, or where it begins after old records were deleted.</summary>
/// <param name="Sequence">The record's number; 0 before the first.</param>
/// <param name="Hash">The record's hash.</param>
/// <param name="Chain">The chain.</param>
public sealed record AuditMark(long Sequence, string Hash, string Chain = AuditChains.Main)
{
    /// <summary>Where a chain without records stands.</summary>
    internal static AuditMark Empty(string chain) => new(0, AuditChain.Genesis, chain);
}
