using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Preallocated keys and values of every decoder layer; a forward pass writes its columns and reads all up to them.</summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] keys, values;

    /// <summary>Allocates room for <paramref name="capacity"/> columns of <paramref name="batch"/> rows.</summary>
    public KeyValueCache(int layers, int batch, int keyValueHeads, int capacity, int headSize, ScalarType dtype, Device device)
    {
        Capacity = capacity;
        keys = new Tensor[layers];
        values = new Tensor[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            keys[layer] = empty([batch, keyValueHeads, capacity, headSize], dtype, device).DetachFromDisposeScope();
            values[layer] = empty([batch, keyValueHeads, capacity, headSize], dtype, device).DetachFromDisposeScope();
        }
    }

    /// <summary>Bytes that one token of one row takes, in all layers.</summary>
    public static long BytesOfToken(TextConfig config, long elementBytes) => 2L * config.Layers * config.KeyValueHeads * config.HeadSize * elementBytes;

    /// <summary>Columns that fit.</summary>
    public int Capacity { get; }

    /// <summary>Columns filled so far; the model advances it after each forward pass.</summary>
    public int Length { get; set; }

    /// <summary>Writes new columns of one layer at <see cref="Length"/> and returns views of all filled ones, [B, kv heads, Length + L, D].</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor key, Tensor value)
    {
        long end = Length + key.shape[2];
        if (end > Capacity) throw new ArgumentException($"The cache holds {Capacity} columns; {end} were asked for.");
        keys[layer].narrow(2, Length, key.shape[2]).copy_(key);
        values[layer].narrow(2, Length, value.shape[2]).copy_(value);
        return (keys[layer].narrow(2, 0, end), values[layer].narrow(2, 0, end));
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

    /// <summary>Takes over all filled columns of another cache: row b becomes a copy of its row <paramref name="rows"/>[b].</summary>
    public void CopyRows(KeyValueCache from, Tensor rows)
    {
        using DisposeScope scope = NewDisposeScope();
        for (int layer = 0; layer < keys.Length; layer++)
        {
            keys[layer].narrow(2, 0, from.Length).copy_(from.keys[layer].narrow(2, 0, from.Length).index_select(0, rows));
            values[layer].narrow(2, 0, from.Length).copy_(from.values[layer].narrow(2, 0, from.Length).index_select(0, rows));
        }
        Length = from.Length;
    }

    /// <summary>Copies some columns of one row of another cache.</summary>
    public void CopyColumns(KeyValueCache from, int fromRow, int fromColumn, int row, int column, int count)
    {
        if (count == 0) return;
        using DisposeScope scope = NewDisposeScope();
        for (int layer = 0; layer < keys.Length; layer++)
        {
            keys[layer][row].narrow(1, column, count).copy_(from.keys[layer][fromRow].narrow(1, fromColumn, count));
            values[layer][row].narrow(1, column, count).copy_(from.values[layer][fromRow].narrow(1, fromColumn, count));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in keys.Concat(values)) tensor.Dispose();
    }

    private Tensor Selected(Tensor old, Tensor rows)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = old.shape;
        Tensor selected = empty([rows.shape[0], shape[1], shape[2], shape[3]], old.dtype, old.device).DetachFromDisposeScope();
        if (Length > 0) selected.narrow(2, 0, Length).copy_(old.narrow(2, 0, Length).index_select(0, rows));
        old.Dispose();
        return selected;
    }
}
