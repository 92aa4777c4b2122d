namespace SafeRlhfV.Models;

/// <summary>Which adapter is in use on this thread, by model. Passes run on one thread from start to end, so concurrent requests do not disturb each other.</summary>
internal sealed class AdapterFrame : IDisposable
{
    [ThreadStatic]
    private static AdapterFrame? current;

    private readonly AdapterSet? owner;
    private readonly LoraAdapter? adapter;
    private readonly MergedWeights? merged;
    private readonly AdapterFrame? outer;

    private AdapterFrame(AdapterSet? owner, LoraAdapter? adapter, MergedWeights? merged, AdapterFrame? outer) => (this.owner, this.adapter, this.merged, this.outer) = (owner, adapter, merged, outer);

    /// <summary>What is in use now, to be restored in a later pass.</summary>
    public static AdapterFrame? Current => current;

    /// <summary>The adapter in use for a model; its default without a choice.</summary>
    public static LoraAdapter? Active(AdapterSet set) => Find(set) is { } frame ? frame.adapter : set.Default;

    /// <summary>Where to find weights with the adapter in use added; null where it is to be run beside them.</summary>
    public static MergedWeights? Merged(AdapterSet set) => Find(set)?.merged;

    public static AdapterFrame Push(AdapterSet owner, LoraAdapter? adapter, MergedWeights? merged = null) => current = new AdapterFrame(owner, adapter, merged, current);

    /// <summary>Runs with what was in use when <paramref name="saved"/> was taken.</summary>
    public static IDisposable Restore(AdapterFrame? saved)
    {
        Restored restored = new(current);
        current = saved;
        return restored;
    }

    public void Dispose()
    {
        current = outer;
        merged?.Dispose();
    }

    private static AdapterFrame? Find(AdapterSet set)
    {
        AdapterFrame? frame = current;
        while (frame is not null && !ReferenceEquals(frame.owner, set)) frame = frame.outer;
        return frame;
    }

    private sealed class Restored(AdapterFrame? before) : IDisposable
    {
        public void Dispose() => current = before;
    }
}
