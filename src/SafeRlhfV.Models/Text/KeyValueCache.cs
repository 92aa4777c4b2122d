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
            keys[layer] = zeros([batch, keyValueHeads, capacity, headSize], dtype, device).DetachFromDisposeScope();
            values[layer] = zeros([batch, keyValueHeads, capacity, headSize], dtype, device).DetachFromDisposeScope();
        }
    }

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

    /// <summary>Keeps (and repeats) the named rows: continuing several samples from one prompt, or dropping finished ones.</summary>
    public void SelectRows(Tensor rows)
    {
        for (int layer = 0; layer < keys.Length; layer++)
        {
            (Tensor oldKeys, Tensor oldValues) = (keys[layer], values[layer]);
            keys[layer] = oldKeys.index_select(0, rows).DetachFromDisposeScope();
            values[layer] = oldValues.index_select(0, rows).DetachFromDisposeScope();
            oldKeys.Dispose();
            oldValues.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in keys.Concat(values)) tensor.Dispose();
    }
}
