namespace SafeRlhfV.Guard;

/// <summary>
/// Remembers verdicts by the content's fingerprint: the least recently used go first, and all of them after a while. Failures are not remembered.
/// </summary>
/// <remarks>The contents themselves are not kept. An image that is only an address is never remembered, since what is behind it may change.</remarks>
public sealed class CachedModerator : IComposedModerator
{
    private readonly IModerator inner;
    private readonly int capacity;
    private readonly TimeSpan lifetime;
    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> byKey = [];
    private readonly LinkedList<Entry> byUse = new();

    /// <summary>Wraps a moderator.</summary>
    /// <param name="inner">Who judges what is not remembered.</param>
    /// <param name="capacity">How many verdicts are remembered.</param>
    /// <param name="lifetime">For how long, an hour by default.</param>
    /// <param name="clock">The clock for the lifetime.</param>
    public CachedModerator(IModerator inner, int capacity = 10_000, TimeSpan? lifetime = null, TimeProvider? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        (this.inner, this.capacity, this.lifetime, this.clock) = (inner, capacity, lifetime ?? TimeSpan.FromHours(1), clock ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public string Name => inner.Name;

    IReadOnlyList<IModerator> IComposedModerator.Parts => [inner];

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => inner.Judges(side);

    /// <inheritdoc/>
    public bool SeesImages => inner.SeesImages;

    /// <summary>How many requests were answered from memory.</summary>
    public long Hits { get; private set; }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Verdict?[] verdicts = new Verdict?[requests.Count];
        string?[] keys = [.. requests.Select(request =>
            request.Images.Any(image => image.Pixels is null && image.Encoded?.Bytes is null) ? null : RequestHash.Of(request))];
        for (int i = 0; i < keys.Length; i++) verdicts[i] = keys[i] is { } key ? Recall(key) : null;

        // The same content twice in one batch is judged once.
        int[] missing = [.. Enumerable.Range(0, keys.Length).Where(i => verdicts[i] is null)];
        int[] asked = [.. missing.Where(i => keys[i] is null).Concat(missing.Where(i => keys[i] is not null).DistinctBy(i => keys[i])).Order()];
        if (asked.Length > 0)
        {
            IReadOnlyList<Verdict> found = await inner.ModerateAsync([.. asked.Select(i => requests[i])], cancellationToken).ConfigureAwait(false);
            if (found.Count != asked.Length) throw new InvalidOperationException($"{Name} gave {found.Count} verdicts for {asked.Length} requests.");
            Dictionary<string, Verdict> fresh = [];
            for (int i = 0; i < asked.Length; i++)
            {
                verdicts[asked[i]] = found[i];
                if (keys[asked[i]] is not { } key) continue;
                fresh[key] = found[i];
                if (found[i] is { } verdict && verdict.Failure is null && verdict.FindFault() is null) Remember(key, verdict);
            }
            foreach (int i in missing) verdicts[i] ??= fresh[keys[i]!];
        }
        return verdicts!;
    }

    private Verdict? Recall(string key)
    {
        lock (gate)
        {
            if (!byKey.TryGetValue(key, out LinkedListNode<Entry>? node)) return null;
            byUse.Remove(node);
            if (clock.GetElapsedTime(node.Value.Made) > lifetime)
            {
                byKey.Remove(key);
                return null;
            }
            byUse.AddFirst(node);
            Hits++;
            return node.Value.Verdict;
        }
    }

    private void Remember(string key, Verdict verdict)
    {
        lock (gate)
        {
            if (byKey.Remove(key, out LinkedListNode<Entry>? old)) byUse.Remove(old);
            byKey[key] = byUse.AddFirst(new Entry(key, verdict, clock.GetTimestamp()));
            if (byKey.Count <= capacity) return;
            byKey.Remove(byUse.Last!.Value.Key);
            byUse.RemoveLast();
        }
    }

    private sealed record Entry(string Key, Verdict Verdict, long Made);
}
