using System.Buffers.Binary;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// A safetensors file, memory-mapped. Opening checks the whole header; tensors are views of the mapping, without a copy.
/// Source: the format's description at huggingface/safetensors.
/// </summary>
public sealed class SafetensorsFile : WeightFile
{
    private readonly MappedFile map;
    private readonly Dictionary<string, TensorEntry> entries;

    private SafetensorsFile(string path, MappedFile map, Dictionary<string, TensorEntry> entries, Dictionary<string, string> metadata)
    {
        (Path, this.map, this.entries, Metadata) = (path, map, entries, metadata);
    }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorEntry> Entries => entries;

    /// <summary>The header's free text fields.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidInputException">It is missing, cut short, or its header is malformed: too long, overlapping or impossible ranges, unknown
    /// types.</exception>
    public static new SafetensorsFile Open(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file.");
        MappedFile map = new(path);
        try
        {
            RefusePointer(map, path);
            if (map.Length < 8) throw new InvalidInputException($"{path}: {map.Length} bytes are too few for a safetensors file.");
            ulong header = BinaryPrimitives.ReadUInt64LittleEndian(map.Bytes(0, 8));
            if (header > SafetensorsHeader.MaxHeaderBytes || (long)header > map.Length - 8)
                throw new InvalidInputException($"{path}: the header claims {header} bytes in a file of {map.Length}; this is no whole safetensors file.");
            long dataStart = 8 + (long)header;
            var (entries, metadata) = SafetensorsHeader.Parse(map.Bytes(8, (int)header), dataStart, map.Length, path);
            return new SafetensorsFile(path, map, entries, metadata);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>One tensor as a view of the file (a copy where its bytes are not aligned). It stays valid after the file object is disposed.</summary>
    /// <exception cref="InvalidInputException">There is no such tensor.</exception>
    public override Tensor Read(string name)
    {
        TensorEntry entry = Find(name);
        long[] shape = [.. entry.Shape];
        if (entry.Length == 0) return zeros(shape, entry.Dtype);
        if (entry.Offset % SafetensorsTypes.Size(entry.Dtype) == 0) return map.Tensor(entry.Offset, entry.Dtype, shape);
        using Tensor flat = map.Copy(entry.Offset, entry.Dtype, entry.Length / SafetensorsTypes.Size(entry.Dtype));
        return flat.view(shape);
    }

    /// <inheritdoc/>
    public override void Dispose() => map.Dispose();

    private protected override void Forget(TensorEntry entry) => map.Forget(entry.Offset, entry.Length);
}
