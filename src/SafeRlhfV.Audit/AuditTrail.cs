using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Audit;

/// <summary>
/// Records every decision as a link of a hash chain. A decision counts as recorded when it is on disk; where it cannot be, the call throws and the guard
/// refuses.
/// </summary>
/// <remarks>
/// Concurrent records share a transaction. Several processes may write one PostgreSQL trail: one chain in turns, or, where each has its own
/// <see cref="AuditSettings.Chain"/>, side by side.
/// </remarks>
public sealed class AuditTrail : IGuardObserver, IAsyncDisposable
{
    private const int BatchSize = 256;
    private readonly AuditDatabase database;
    private readonly AuditSettings settings;
    private readonly AuditChain chain;
    private readonly TimeProvider clock;
    private readonly Channel<AuditEntry> queue = Channel.CreateBounded<AuditEntry>(10_000);
    private readonly ConditionalWeakTable<object, Prompt> prompts = []; // by request: the record that its end follows
    private readonly Task loop;
    private readonly OwnThread? thread; // of a file, whose writing waits for the disk; a server's is asynchronous
    private readonly AuditAnchors anchors;
    private readonly AuditRetention retention;
    private long failures; // records since one was written

    /// <summary>Starts writing to a database, which stays the caller's to dispose.</summary>
    /// <exception cref="InvalidInputException">The settings name a chain of its own, and the trail is a file, which has one.</exception>
    public AuditTrail(AuditDatabase database, AuditSettings? settings = null, TimeProvider? clock = null)
    {
        (this.database, this.settings, this.clock) = (database, settings ?? new(), clock ?? TimeProvider.System);
        if (this.settings.Chain != AuditChains.Main && !database.HasChains)
            throw new InvalidInputException($"An audit trail in SQLite has one chain, '{AuditChains.Main}'; gateways with a chain each need PostgreSQL.");
        chain = new(this.settings.Key);
        anchors = new(database, chain);
        retention = new(database, this.settings, chain, anchors);
        thread = database.HasChains ? null : new("audit trail");
        loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, thread ?? TaskScheduler.Default).Unwrap();
    }

    /// <inheritdoc/>
    public ValueTask PromptDecidedAsync(GuardReport report, CancellationToken cancellationToken)
    {
        AuditPayload payload = new(settings, chain);
        AuditEntry entry = new(settings.Chain, "prompt", report.Id, payload.OfPrompt(report), payload.Contents);
        prompts.AddOrUpdate(report.Identity, new(entry, report));
        return AppendAsync(entry, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask EndedAsync(GuardReport report, CancellationToken cancellationToken)
    {
        AuditPayload payload = new(settings, chain);
        Prompt? prompt = prompts.TryGetValue(report.Identity, out Prompt? recorded) ? recorded : null;
        byte[] members = payload.OfEnd(report, prompt?.SaysTheSame(report) == true ? prompt.Entry : null);
        return AppendAsync(new(settings.Chain, "end", report.Id, members, payload.Contents, prompt?.Entry), cancellationToken);
    }

    /// <summary>Records a person's review of a decision, in the chain that holds the decision.</summary>
    /// <param name="request">The request that was decided.</param>
    /// <param name="reviewer">Who reviewed it.</param>
    /// <param name="isUnsafe">What the person found.</param>
    /// <param name="category">The category that the person chose, or null.</param>
    /// <param name="note">Why.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async ValueTask ReviewedAsync(string request, string reviewer, bool isUnsafe, string? category, string? note,
        CancellationToken cancellationToken = default)
    {
        AuditPayload payload = new(settings, this.chain);
        IReadOnlyList<AuditRecord> decided = database.HasChains
            ? await new AuditReader(database).OfRequestAsync(request, cancellationToken).ConfigureAwait(false)
            : [];
        string chain = decided.Count > 0 ? decided[0].Chain : settings.Chain;
        await AppendAsync(new(chain, "review", request, payload.OfReview(reviewer, isUnsafe, category, note), null), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Deletes what is older than the settings allow; each chain then begins at a sealed mark. For the leader alone (<see cref="AuditLeader"/>).
    /// </summary>
    /// <returns>How many records and contents were deleted.</returns>
    public Task<(long Records, long Contents)> ApplyRetentionAsync(CancellationToken cancellationToken = default) =>
        retention.ApplyAsync(clock.GetUtcNow(), isConfirmed: false, cancellationToken);

    /// <summary>
    /// Deletes all that is older than the settings allow at once, where a person has said that the clock is right (<see cref="HeldBack"/>).
    /// </summary>
    /// <returns>How many records and contents were deleted.</returns>
    public Task<(long Records, long Contents)> ApplyRetentionConfirmedAsync(CancellationToken cancellationToken = default) =>
        retention.ApplyAsync(clock.GetUtcNow(), isConfirmed: true, cancellationToken);

    /// <summary>Why the last <see cref="ApplyRetentionAsync"/> deleted less than the settings ask for; null where it did not.</summary>
    public string? HeldBack => retention.HeldBack;

    /// <summary>Signs each chain that has grown since its last checkpoint. For the leader alone (<see cref="AuditLeader"/>).</summary>
    /// <returns>The new checkpoints; none where the settings name no signer.</returns>
    public Task<IReadOnlyList<AuditCheckpoint>> CheckpointAsync(CancellationToken cancellationToken = default) => settings.Signer is { } signer
        ? new AuditCheckpoints(database).WriteAsync(signer, Now(), cancellationToken)
        : Task.FromResult<IReadOnlyList<AuditCheckpoint>>([]);

    /// <summary>Records what happened beside the decisions, such as a changed policy or a failed sign-in.</summary>
    /// <param name="kind">What happened, in one word.</param>
    /// <param name="request">The request that it is about; empty for none.</param>
    /// <param name="members">What is told of it: texts, numbers, flags and JSON.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public ValueTask RecordAsync(
        string kind, string request, IReadOnlyList<KeyValuePair<string, object?>> members, CancellationToken cancellationToken = default) =>
        AppendAsync(new(settings.Chain, kind, request, AuditPayload.OfEvent(members), null), cancellationToken);

    /// <summary>Writes the heads of the chains that have moved into the chain of anchors. For the leader alone (<see cref="AuditLeader"/>).</summary>
    /// <returns>How many chains were anchored; 0 on SQLite, which has one chain.</returns>
    public Task<int> AnchorAsync(CancellationToken cancellationToken = default) =>
        database.HasChains ? anchors.WriteAsync(all: false, AuditPayload.Iso(clock.GetUtcNow()), cancellationToken) : Task.FromResult(0);

    /// <summary>Whether the last records could not be written.</summary>
    public bool IsFailing => Volatile.Read(ref failures) > 0;

    /// <summary>
    /// Whether a record could be written now: throws where not. While records fail, a record of the kind <c>resumed</c> is tried, which then says how many
    /// were refused; otherwise something small is written beside the chain.
    /// </summary>
    public async Task ProbeAsync(CancellationToken cancellationToken = default)
    {
        long failed = Volatile.Read(ref failures);
        if (failed == 0) await database.ProbeAsync(settings.Chain, Now(), cancellationToken).ConfigureAwait(false);
        else await AppendAsync(new(settings.Chain, "resumed", "", AuditPayload.OfResumption(failed), null), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes what waits, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loop.ConfigureAwait(false);
        thread?.Dispose();
    }

    private string Now() => AuditPayload.Iso(clock.GetUtcNow());

    private async ValueTask AppendAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            if (entry.After is { IsQueued: false } before) await before.Written.WaitAsync(settings.Timeout, cancellationToken).ConfigureAwait(false);
            if (!queue.Writer.TryWrite(entry)) await EnqueueAsync(entry, cancellationToken).ConfigureAwait(false);
            entry.IsQueued = true;
            TimeSpan left = settings.Timeout - Stopwatch.GetElapsedTime(started);
            await entry.Written.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            TimeoutException late = new($"The audit trail did not record within {settings.Timeout.TotalSeconds:0.###} s.");
            entry.Fail(late); // what is refused for it is not written afterwards as if it had happened
            throw late;
        }
    }

    private async Task EnqueueAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.Timeout);
        try
        {
            await queue.Writer.WriteAsync(entry, limit.Token).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            entry.Fail(error);
            throw;
        }
    }

    private async Task RunAsync()
    {
        await using AuditWriter writer = new(database, chain);
        List<AuditEntry> batch = [], owed = []; // owed: what must be said of records that stand though their callers were told otherwise
        while (await queue.Reader.WaitToReadAsync().ConfigureAwait(thread is not null)) // back on its thread
        {
            // A batch is of one chain; only a review may be for another than this process's own.
            while (batch.Count < BatchSize && queue.Reader.TryPeek(out AuditEntry? entry) && (batch.Count == 0 || entry.Chain == batch[0].Chain))
            {
                queue.Reader.TryRead(out _);
                if (entry.Written.IsCompleted) continue; // nobody waits for it any more
                // an end without its beginning would tell half of what happened
                if (entry.After?.Written.Exception?.InnerException is { } fault) entry.Fail(fault);
                else batch.Add(entry);
            }
            if (batch.Count > 0) await WriteAsync(writer, batch, owed).ConfigureAwait(false);
            batch.Clear();
            if (owed.Count == 0) continue;
            AuditEntry[] notes = [.. owed.Where(entry => entry.Chain == owed[0].Chain)];
            owed.RemoveAll(notes.Contains);
            await WriteAsync(writer, notes, owed).ConfigureAwait(false);
            owed.AddRange(notes.Where(entry => entry.Written.IsFaulted).Select(entry => entry.Again()));
        }
        foreach (IGrouping<string, AuditEntry> notes in owed.ToArray().GroupBy(entry => entry.Chain))
            await WriteAsync(writer, [.. notes], owed).ConfigureAwait(false);
    }

    private async Task WriteAsync(AuditWriter writer, IReadOnlyList<AuditEntry> batch, List<AuditEntry> owed)
    {
        string at = Now();
        try
        {
            using CancellationTokenSource limit = new(settings.Timeout);
            await writer.WriteAsync(batch, at, limit.Token).ConfigureAwait(false);
            Volatile.Write(ref failures, 0);
            foreach (AuditRow row in writer.Written)
                if (!row.Entry.TrySucceed()) owed.Add(Unanswered(row.Entry, row.Sequence)); // its caller has waited too long, and was told so
            foreach (AuditRow row in writer.Resolved) owed.Add(Unanswered(row.Entry, row.Sequence));
        }
        catch (Exception error)
        {
            Interlocked.Add(ref failures, batch.Count);
            foreach (AuditEntry entry in batch) entry.Fail(error);
        }
    }

    /// <summary>A prompt that was recorded.</summary>
    private sealed record Prompt(AuditEntry Entry, GuardReport Report)
    {
        /// <summary>Whether a later report of the request says of the prompt what was recorded.</summary>
        public bool SaysTheSame(GuardReport later) => ReferenceEquals(later.Prompt, Report.Prompt) && ReferenceEquals(later.Context, Report.Context)
            && ReferenceEquals(later.PromptDecision, Report.PromptDecision) && ReferenceEquals(later.Judged, Report.Judged)
            && ReferenceEquals(later.Redacted, Report.Redacted) && later.PolicyVersion == Report.PolicyVersion && later.Received == Report.Received;
    }

    private static AuditEntry Unanswered(AuditEntry entry, long sequence) =>
        new(entry.Chain, "unanswered", entry.Request, AuditPayload.OfEvent([new("record", sequence), new("of", entry.Kind)]), null);
}
