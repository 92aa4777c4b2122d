namespace SafeRlhfV.Audit;

/// <summary>A record that waits to be written.</summary>
/// <param name="Chain">The chain that it goes into.</param>
/// <param name="Kind">prompt, end or review; anchor or retired in the chain of anchors.</param>
/// <param name="Request">The request that it is about, or the chain that is anchored.</param>
/// <param name="Members">The payload as UTF-8 JSON, without the members that the chain adds.</param>
/// <param name="Contents">Texts and images to keep, by their fingerprints; null for none.</param>
/// <param name="After">A record without which this one may not stand, or null.</param>
internal sealed record AuditEntry(
    string Chain, string Kind, string Request, byte[] Members, Dictionary<string, (string Kind, byte[] Bytes)>? Contents, AuditEntry? After = null)
{
    private readonly TaskCompletionSource written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the record is on the disk, or cannot be.</summary>
    public Task Written => written.Task;

    /// <summary>Whether it stands in the queue: what is put there later is written later.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Says that the record is on the disk; false where its caller was told otherwise before.</summary>
    public bool TrySucceed() => written.TrySetResult();

    /// <summary>The same record, to be written anew.</summary>
    public AuditEntry Again() => new(Chain, Kind, Request, Members, Contents, After);

    public void Fail(Exception error) => written.TrySetException(error);
}
