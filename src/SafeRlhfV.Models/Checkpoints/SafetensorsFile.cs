using System.Buffers.Binary;
using SafeRlhfV.Data;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// A safetensors file, memory-mapped. Opening checks the whole header; tensors are views of the mapping, without a copy.
/// Source: the format's description at huggingface/safetensors.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile map;
    private readonly Dictionary<string, SafetensorsEntry> entries;

    private SafetensorsFile(string path, MappedFile map, Dictionary<string, SafetensorsEntry> entries, Dictionary<string, string> metadata)
    {
        (Path, this.map, this.entries, Metadata) = (path, map, entries, metadata);
    }

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

    /// <summary>The header's free text fields.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidInputException">It is missing, cut short, or its header is malformed: too long, overlapping or impossible ranges, unknown types.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file.");
        MappedFile map = new(path);
        try
        {
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
    public Tensor Read(string name)
    {
        SafetensorsEntry entry = Find(name);
        long[] shape = [.. entry.Shape];
        if (entry.Length == 0) return zeros(shape, entry.Dtype);
        if (entry.Offset % SafetensorsTypes.Size(entry.Dtype) == 0) return map.Tensor(entry.Offset, entry.Dtype, shape);
        Tensor copy = empty(shape, entry.Dtype);
        CopyBytes(entry, copy);
        return copy;
    }

    /// <summary>Copies one tensor into <paramref name="target"/> of the same shape, whatever its type and device, and lets the file's pages go.</summary>
    public void ReadInto(string name, Tensor target)
    {
        SafetensorsEntry entry = Find(name);
        using (no_grad())
        using (Tensor source = Read(name))
            target.copy_(source);
        map.Forget(entry.Offset, entry.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => map.Dispose();

    private SafetensorsEntry Find(string name) =>
        entries.TryGetValue(name, out SafetensorsEntry? entry) ? entry : throw new InvalidInputException($"{Path}: there is no tensor '{name}' in it.");

    private void CopyBytes(SafetensorsEntry entry, Tensor target)
    {
        const int Step = 1 << 26;
        using Tensor flat = target.view(-1);
        int size = SafetensorsTypes.Size(entry.Dtype);
        for (long done = 0; done < entry.Length; done += Step)
        {
            int length = (int)Math.Min(Step, entry.Length - done);
            using Tensor part = flat.narrow(0, done / size, length / size);
            map.Bytes(entry.Offset + done, length).CopyTo(part.bytes);
        }
    }
}
