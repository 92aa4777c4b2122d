namespace SafeRlhfV.Gateway;

/// <summary>Responses in this process's memory. The oldest go when there is no more room.</summary>
internal sealed class RememberedResponses(ResponseSettings settings, TimeProvider clock) : IKeptResponses
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Owner, string Id), LinkedListNode<Entry>> responses = [];
    private readonly LinkedList<Entry> byAge = [];
    private long bytes;

    public ValueTask KeepAsync(KeptResponse response, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            responses[(response.Owner, response.Id)] = byAge.AddLast(new Entry(response, clock.GetUtcNow()));
            bytes += response.Size;
            while (byAge.First is { } oldest && (bytes > settings.StoreBytes || IsOld(oldest.Value))) Remove(oldest);
        }
        return default;
    }

    public ValueTask<KeptResponse?> FindAsync(string owner, string id, CancellationToken cancellationToken) => new(Find(owner, id));

    public ValueTask<IReadOnlyList<byte[]>?> TurnsAsync(string owner, string id, CancellationToken cancellationToken)
    {
        List<byte[]> turns = [];
        HashSet<string> seen = [];
        for (string? next = id; next is not null && seen.Add(next);)
        {
            if (Find(owner, next) is not { } kept) return default;
            turns.Add(kept.Turn);
            next = kept.Previous;
        }
        turns.Reverse();
        return new(turns);
    }

    public ValueTask<bool> ForgetAsync(string owner, string id, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (!responses.TryGetValue((owner, id), out LinkedListNode<Entry>? node)) return new(false);
            Remove(node);
            return new(true);
        }
    }

    /// <summary>Forgets the responses of these names, whoever's they are.</summary>
    public void Forget(IReadOnlySet<string> ids)
    {
        lock (gate)
            foreach (LinkedListNode<Entry> node in responses.Values.Where(node => ids.Contains(node.Value.Response.Id)).ToArray()) Remove(node);
    }

    private KeptResponse? Find(string owner, string id)
    {
        lock (gate)
        {
            if (!responses.TryGetValue((owner, id), out LinkedListNode<Entry>? node)) return null;
            Entry entry = node.Value;
            if (IsOld(entry))
            {
                Remove(node);
                return null;
            }
            byAge.Remove(node);
            node.Value = entry with { At = clock.GetUtcNow() };
            byAge.AddLast(node);
            return entry.Response;
        }
    }

    private bool IsOld(Entry entry) => clock.GetUtcNow() - entry.At > settings.StoreTime;

    private void Remove(LinkedListNode<Entry> node)
    {
        KeptResponse response = node.Value.Response;
        byAge.Remove(node);
        bytes -= response.Size;
        responses.Remove((response.Owner, response.Id));
    }

    private readonly record struct Entry(KeptResponse Response, DateTimeOffset At);
}
