namespace SafeRlhfV.Guard;

/// <summary>A record that waits to be written.</summary>
/// <param name="Kind">prompt, end or review.</param>
/// <param name="Request">The request that it is about.</param>
/// <param name="Members">The payload's members, without those that the chain adds.</param>
/// <param name="Contents">Texts and images to keep, by their fingerprints.</param>
/// <param name="Written">Completed when the record is on the disk.</param>
internal sealed record AuditEntry(string Kind, string Request, string Members, Dictionary<string, (string Kind, byte[] Bytes)> Contents, TaskCompletionSource Written);
