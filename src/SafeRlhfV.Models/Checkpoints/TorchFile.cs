using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// A state dict that torch.save wrote (pytorch_model.bin, adapter_model.bin), memory-mapped: the zip form, and the form before torch 1.6 (five pickles, then
/// the storages in the order of
/// the fifth, each after the count of its numbers). Entries that are no tensors are left out, as transformers does.
/// </summary>
public sealed class TorchFile : WeightFile
{
    private const int MaxPickleBytes = 64 << 20;

    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private readonly MappedFile map;
    private readonly Dictionary<string, TorchTensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> users = new(StringComparer.Ordinal);

    private TorchFile(string path, MappedFile map)
    {
        (Path, this.map) = (path, map);
        bool isZip = map.Length >= 4 && map.Bytes(0, 4).SequenceEqual("PK\x03\x04"u8);
        (PickleDict state, Dictionary<string, long> starts) = isZip ? ReadZip() : ReadLegacy();
        foreach ((object? key, object? value) in state.Items)
        {
            if (key is not string name || value is not TorchTensor tensor) continue;
            int size = SafetensorsTypes.Size(tensor.Storage.Dtype);
            if (!tensors.TryAdd(name, tensor)) throw new InvalidInputException($"{path}: tensor '{name}' is there twice.");
            entries.Add(name, new TensorEntry(name, tensor.Storage.Dtype, tensor.Shape, starts[tensor.Storage.Key] + tensor.Offset * size,
                tensor.Shape.Aggregate(1L, (product, side) => product * side) * size));
            users[tensor.Storage.Key] = users.GetValueOrDefault(tensor.Storage.Key) + 1;
        }
        if (tensors.Count > 0) return;
        string keys = string.Join(", ", state.Items.Select(item => item.Key as string).OfType<string>().Take(6));
        throw new InvalidInputException($"{path}: there are no tensors at its top level{(keys.Length > 0 ? $", only: {keys}" : "")}; save the model's plain "
            + "state dict.");
    }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorEntry> Entries => entries;

    /// <summary>Opens a file. Nothing in it is run: a class or a call that no tensor needs is an error that names it.</summary>
    /// <exception cref="InvalidInputException">It is missing, cut short or malformed, holds no tensors, or asks for more than tensors.</exception>
    public static new TorchFile Open(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file.");
        MappedFile map = new(path);
        try
        {
            RefusePointer(map, path);
            return new TorchFile(path, map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>One tensor: a view of the file, or a copy where its numbers are not in a row, not aligned, or belong to several tensors.</summary>
    /// <exception cref="InvalidInputException">There is no such tensor.</exception>
    public override Tensor Read(string name)
    {
        TensorEntry entry = Find(name);
        TorchTensor tensor = tensors[name];
        if (entry.Length == 0) return zeros(tensor.Shape, entry.Dtype);
        int size = SafetensorsTypes.Size(entry.Dtype);
        long reach = 1;
        bool inARow = true;
        for (int i = tensor.Shape.Length - 1; i >= 0; i--)
        {
            if (tensor.Shape[i] == 1) continue;
            inARow &= tensor.Strides[i] == reach;
            reach *= tensor.Shape[i];
        }
        bool aligned = entry.Offset % size == 0;
        if (inARow && aligned && users[tensor.Storage.Key] == 1) return map.Tensor(entry.Offset, entry.Dtype, tensor.Shape);
        long span = 1 + tensor.Shape.Zip(tensor.Strides).Sum(pair => (pair.First - 1) * pair.Second);
        using Tensor numbers = aligned ? map.Tensor(entry.Offset, entry.Dtype, [span]) : map.Copy(entry.Offset, entry.Dtype, span);
        using Tensor view = numbers.as_strided(tensor.Shape, tensor.Strides);
        return empty(tensor.Shape, entry.Dtype).copy_(view);
    }

    /// <inheritdoc/>
    public override void Dispose() => map.Dispose();

    private protected override void Forget(TensorEntry entry)
    {
        if (users[tensors[entry.Name].Storage.Key] == 1) map.Forget(entry.Offset, entry.Length);
    }

    private (PickleDict State, Dictionary<string, long> Starts) ReadZip()
    {
        Dictionary<string, (long Offset, long Length)> files = ZipDirectory.Read(map, Path);
        string pickle = files.Keys.FirstOrDefault(name => name.EndsWith("/data.pkl", StringComparison.Ordinal)) ?? throw Broken("there is no data.pkl in it");
        string prefix = pickle[..^"data.pkl".Length];
        if (files.TryGetValue(prefix + "byteorder", out (long Offset, long Length) order)
            && !map.Bytes(order.Offset, (int)Math.Min(order.Length, 6)).SequenceEqual("little"u8))
            throw Broken("its numbers are big-endian");
        if (files[pickle].Length > MaxPickleBytes) throw Broken($"its data.pkl is larger than {MaxPickleBytes >> 20} MiB");
        TorchPickle reader = new(map.Bytes(files[pickle].Offset, (int)files[pickle].Length).ToArray(), Path);
        PickleDict state = State(reader.Read());
        Dictionary<string, long> starts = new(StringComparer.Ordinal);
        foreach (TorchStorage storage in reader.StoragesByKey.Values)
        {
            if (!files.TryGetValue($"{prefix}data/{storage.Key}", out (long Offset, long Length) place)) throw Broken($"storage '{storage.Key}' is missing");
            if (place.Length / SafetensorsTypes.Size(storage.Dtype) < storage.Count)
                throw Broken($"storage '{storage.Key}' has fewer than {storage.Count} numbers");
            starts[storage.Key] = place.Offset;
        }
        return (state, starts);
    }

    private (PickleDict State, Dictionary<string, long> Starts) ReadLegacy()
    {
        TorchPickle reader = new(map.Bytes(0, (int)Math.Min(map.Length, MaxPickleBytes)).ToArray(), Path);
        if (reader.Read() is not BigInteger magic || magic != Magic) throw Broken("it does not begin with torch.save's number");
        if (reader.Read() is not 1001L) throw Broken("its version is not 1001");
        if (reader.Read() is not PickleDict system || system["little_endian"] is not true) throw Broken("its numbers are not little-endian");
        PickleDict state = State(reader.Read());
        List<object?> keys = reader.Read() as List<object?> ?? throw Broken("the list of storages is missing");
        Dictionary<string, long> starts = new(StringComparer.Ordinal);
        long at = reader.Position;
        foreach (object? item in keys)
        {
            if (item is not string key || !reader.StoragesByKey.TryGetValue(key, out TorchStorage? storage))
                throw Broken("its list names a storage that no tensor uses");
            long room = map.Length - at - 8, size = SafetensorsTypes.Size(storage.Dtype);
            if (room < 0 || BinaryPrimitives.ReadInt64LittleEndian(map.Bytes(at, 8)) != storage.Count || room / size < storage.Count)
                throw Broken($"storage '{key}' is cut short or has another length than the pickle says");
            if (!starts.TryAdd(key, at + 8)) throw Broken($"storage '{key}' is there twice");
            at += 8 + storage.Count * size;
        }
        if (reader.StoragesByKey.Keys.FirstOrDefault(key => !starts.ContainsKey(key)) is { } missing) throw Broken($"storage '{missing}' is missing");
        return (state, starts);
    }

    private PickleDict State(object? root) => root as PickleDict ?? throw Broken("what it holds is no dictionary of tensors");

    private InvalidInputException Broken(string what) => new($"{Path}: not a whole torch.save file: {what}.");
}
