namespace SafeRlhfV.Guard;

/// <summary>Remembers the last results by a key, such as an image's fingerprint; the oldest go first. May be used by several threads.</summary>
/// <typeparam name="T">A result; nobody changes one that is remembered.</typeparam>
/// <param name="capacity">How many are remembered.</param>
public sealed class RecentResults<T>(int capacity = 256) where T : class
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, T> results = [];
    private readonly Queue<string> order = new();

    /// <summary>The result of a key; null where none is remembered.</summary>
    public T? Find(string key)
    {
        lock (gate) return results.GetValueOrDefault(key);
    }

    /// <summary>Remembers a result.</summary>
    public void Add(string key, T result)
    {
        lock (gate)
        {
            if (!results.TryAdd(key, result)) return;
            order.Enqueue(key);
            if (order.Count > capacity) results.Remove(order.Dequeue());
        }
    }
}
