using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Preallocated keys and values of every decoder layer; a forward pass writes its columns and reads those that it may see. A layer with a sliding window has
/// room for the window alone: column c lies at place c modulo the window, where it replaces the column that no later one sees.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly int? window;
    private readonly Tensor[] keys, values;

    /// <summary>Allocates room for <paramref name="capacity"/> columns of <paramref name="batch"/> rows.</summary>
    /// <param name="config">The decoder's sizes and windows.</param>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Columns.</param>
    /// <param name="dtype">Type of keys and values.</param>
    /// <param name="device">Where they lie.</param>
    /// <param name="keepsAll">Layers with a window keep all columns too, as a cache must whose columns are copied to other places.</param>
    public KeyValueCache(TextConfig config, int batch, int capacity, ScalarType dtype, Device device, bool keepsAll = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        Capacity = capacity;
        window = keepsAll || config.SlidingWindow >= capacity ? null : config.SlidingWindow;
        keys = new Tensor[config.Layers];
        values = new Tensor[config.Layers];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            int room = window is { } width && config.SlidingLayers[layer] ? width : capacity;
            keys[layer] = empty([batch, config.KeyValueHeads, room, config.HeadSize], dtype, device).DetachFromDisposeScope();
            values[layer] = empty([batch, config.KeyValueHeads, room, config.HeadSize], dtype, device).DetachFromDisposeScope();
        }
    }

    /// <summary>Bytes that one row of that many columns takes, in all layers.</summary>
    public static long BytesOfRow(TextConfig config, long columns, long elementBytes)
    {
        ArgumentNullException.ThrowIfNull(config);
        int slides = config.SlidingWindow < columns ? config.SlidingLayers.Count(one => one) : 0;
        long kept = ((config.Layers - slides) * columns) + (slides * (config.SlidingWindow ?? 0L));
        return 2L * kept * config.KeyValueHeads * config.HeadSize * elementBytes;
    }

    /// <summary>Columns that fit.</summary>
    public int Capacity { get; }

    /// <summary>Columns filled so far; the model advances it after each forward pass.</summary>
    public int Length { get; set; }

    /// <summary>The memory of one layer's columns, filled or not, [B, kv heads, capacity, D]; null where old columns give way to new ones.</summary>
    internal (Tensor Keys, Tensor Values)? Whole(int layer) => keys[layer].size(2) == Capacity ? (keys[layer], values[layer]) : null;

    /// <summary>Bytes of all layers and rows.</summary>
    internal long Bytes => keys.Concat(values).Sum(part => part.NumberOfElements * part.ElementSize);

    /// <summary>
    /// Writes new columns of one layer at <see cref="Length"/> and returns those that they may see, [B, kv heads, K, D]: all filled ones; in a layer with a
    /// window the columns that <see cref="SlidingColumns"/> names.
    /// </summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor key, Tensor value)
    {
        long added = key.shape[2], end = Length + added;
        if (end > Capacity) throw new ArgumentException($"The cache holds {Capacity} columns; {end} were asked for.");
        bool wraps = end > keys[layer].shape[2];
        // several new columns see what this pass would replace: they are put beside what stands there first
        (Tensor, Tensor)? together = wraps && added > 1 ? (Beside(keys[layer], key), Beside(values[layer], value)) : null;
        Put(keys[layer], Length, key);
        Put(values[layer], Length, value);
        if (together is { } both) return both;
        return wraps ? (keys[layer], values[layer]) : (keys[layer].narrow(2, 0, end), values[layer].narrow(2, 0, end));
    }

    /// <summary>Of something that every column has, [..., Length + L], what belongs to the columns that a layer with a window returns, in its order.</summary>
    /// <param name="x_K">A value of each filled and each new column.</param>
    /// <param name="added">L, the new columns.</param>
    internal Tensor SlidingColumns(Tensor x_K, long added)
    {
        long end = Length + added;
        if (window is not { } width || end <= width) return x_K;
        if (added == 1) return x_K.narrow(-1, end - width, width).roll(end % width, -1);
        long seen = Math.Min(Length, width - 1) + added;
        return x_K.narrow(-1, end - seen, seen);
    }

    /// <summary>
    /// Keeps (and repeats) the named rows: continuing several samples from one prompt, or dropping finished ones. Only filled columns are copied.
    /// </summary>
    public void SelectRows(Tensor rows)
    {
        using IDisposable noGrad = no_grad();
        for (int layer = 0; layer < keys.Length; layer++)
            (keys[layer], values[layer]) = (Selected(keys[layer], rows), Selected(values[layer], rows));
    }

    /// <summary>Takes over the filled columns of a cache that keeps all: row b becomes a copy of its row <paramref name="rows"/>[b].</summary>
    public void CopyRows(KeyValueCache from, Tensor rows)
    {
        using DisposeScope scope = NewDisposeScope();
        from.DemandAll();
        for (int layer = 0; layer < keys.Length; layer++)
        {
            Put(keys[layer], 0, from.keys[layer].narrow(2, 0, from.Length).index_select(0, rows));
            Put(values[layer], 0, from.values[layer].narrow(2, 0, from.Length).index_select(0, rows));
        }
        Length = from.Length;
    }

    /// <summary>Copies some columns of one row of a cache that keeps all; they must be the last that are filled.</summary>
    public void CopyColumns(KeyValueCache from, int fromRow, int fromColumn, int row, int column, int count)
    {
        if (count == 0) return;
        using DisposeScope scope = NewDisposeScope();
        from.DemandAll();
        for (int layer = 0; layer < keys.Length; layer++)
        {
            Put(keys[layer][row], column, from.keys[layer][fromRow].narrow(1, fromColumn, count));
            Put(values[layer][row], column, from.values[layer][fromRow].narrow(1, fromColumn, count));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in keys.Concat(values)) tensor.Dispose();
    }

    private void DemandAll()
    {
        if (window is not null) throw new ArgumentException("The columns are taken from a cache that does not keep all of them.");
    }

    // the last columns that the first of the new ones sees, in their order, and the new ones
    private Tensor Beside(Tensor store, Tensor added)
    {
        long room = store.shape[2], seen = Math.Min(Length, room - 1), start = (Length - seen) % room, head = Math.Min(seen, room - start);
        if (seen == 0) return added;
        return cat([store.narrow(2, start, head), store.narrow(2, 0, seen - head), added], 2);
    }

    // writes columns first, first + 1, ... each at its place; of more than there is room for, the last
    private static void Put(Tensor store, long first, Tensor columns)
    {
        long room = store.shape[^2], skipped = Math.Max(0, columns.shape[^2] - room), count = columns.shape[^2] - skipped;
        long at = (first + skipped) % room, head = Math.Min(count, room - at);
        store.narrow(-2, at, head).copy_(columns.narrow(-2, skipped, head));
        if (head < count) store.narrow(-2, 0, count - head).copy_(columns.narrow(-2, skipped + head, count - head));
    }

    private Tensor Selected(Tensor old, Tensor rows)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = old.shape;
        long filled = Math.Min(Length, shape[2]);
        Tensor selected = empty([rows.shape[0], shape[1], shape[2], shape[3]], old.dtype, old.device).DetachFromDisposeScope();
        if (filled > 0) selected.narrow(2, 0, filled).copy_(old.narrow(2, 0, filled).index_select(0, rows));
        old.Dispose();
        return selected;
    }
}
