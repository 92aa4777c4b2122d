namespace SafeRlhfV.Models;

/// <summary>Which adapter is in use on this thread, by model. Passes run on one thread from start to end, so concurrent requests do not disturb each other.</summary>
internal sealed class AdapterFrame : IDisposable
{
    [ThreadStatic]
    private static AdapterFrame? current;

    private readonly AdapterSet? owner;
    private readonly LoraAdapter? adapter;
    private readonly AdapterFrame? outer;

    private AdapterFrame(AdapterSet? owner, LoraAdapter? adapter, AdapterFrame? outer) => (this.owner, this.adapter, this.outer) = (owner, adapter, outer);

    /// <summary>What is in use now, to be restored in a later pass.</summary>
    public static AdapterFrame? Current => current;

    /// <summary>The adapter in use for a model; its default without a choice.</summary>
    public static LoraAdapter? Active(AdapterSet set)
    {
        for (AdapterFrame? frame = current; frame is not null; frame = frame.outer)
            if (ReferenceEquals(frame.owner, set)) return frame.adapter;
        return set.Default;
    }

    public static AdapterFrame Push(AdapterSet owner, LoraAdapter? adapter) => current = new AdapterFrame(owner, adapter, current);

    /// <summary>Runs with what was in use when <paramref name="saved"/> was taken.</summary>
    public static IDisposable Restore(AdapterFrame? saved)
    {
        Restored restored = new(current);
        current = saved;
        return restored;
    }

    public void Dispose() => current = outer;

    private sealed class Restored(AdapterFrame? before) : IDisposable
    {
        public void Dispose() => current = before;
    }
}
