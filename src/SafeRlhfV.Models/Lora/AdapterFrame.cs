namespace SafeRlhfV.Models;

/// <summary>
/// Which adapter is in use on this thread, by model. Passes run on one thread from start to end, so concurrent requests do not disturb each other.
/// </summary>
internal sealed class AdapterFrame : IDisposable
{
    [ThreadStatic]
    private static AdapterFrame? current;

    private readonly AdapterSet? owner;
    private readonly LoraAdapter? adapter;
    private readonly MergedWeights? merged;
    private readonly DropoutStream? dropout;
    private readonly AdapterFrame? outer;

    private AdapterFrame(AdapterSet? owner, LoraAdapter? adapter, MergedWeights? merged, DropoutStream? dropout, AdapterFrame? outer) =>
        (this.owner, this.adapter, this.merged, this.dropout, this.outer) = (owner, adapter, merged, dropout, outer);

    /// <summary>The adapter in use for a model; its default without a choice.</summary>
    public static LoraAdapter? Active(AdapterSet set) => Find(set) is { } frame ? frame.adapter : set.Default;

    /// <summary>Where to find weights with the adapter in use added; null where it is to be run beside them.</summary>
    public static MergedWeights? Merged(AdapterSet set) => Find(set)?.merged;

    /// <summary>Where the adapter in use takes its masks of dropout from; null where nothing is dropped.</summary>
    public static DropoutStream? Dropout(AdapterSet set) => Find(set)?.dropout;

    /// <summary>Whether the pass under way on this thread drops out.</summary>
    public static bool DropsOut => current is { dropout: not null, adapter.MasksPerPass: > 0 };

    public static AdapterFrame Push(AdapterSet owner, LoraAdapter? adapter, MergedWeights? merged = null, DropoutStream? dropout = null) =>
        current = new AdapterFrame(owner, adapter, merged, dropout, current);

    /// <summary>What is in use on this thread now, and where its masks of dropout stand, to run the same pass again later.</summary>
    public static Snapshot Save() => new(current, current?.dropout?.Position ?? 0);

    /// <summary>Runs with what was in use when <paramref name="saved"/> was taken, and with the same masks.</summary>
    public static IDisposable Restore(Snapshot saved)
    {
        Restored restored = new(current, saved.Frame?.dropout, saved.Frame?.dropout?.Position ?? 0);
        current = saved.Frame;
        if (saved.Frame?.dropout is { } masks) masks.Position = saved.Masks;
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

    /// <summary>See <see cref="Save"/>.</summary>
    public readonly record struct Snapshot(AdapterFrame? Frame, long Masks);

    private sealed class Restored(AdapterFrame? before, DropoutStream? dropout, long position) : IDisposable
    {
        public void Dispose()
        {
            current = before;
            if (dropout is not null) dropout.Position = position;
        }
    }
}
