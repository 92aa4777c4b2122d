using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SafeRlhfV.Testing;

/// <summary>A safetensors file (length, JSON header, raw little-endian data) of the reference data, read without torch.</summary>
public sealed class GoldenTensors
{
    private readonly byte[] file;
    private readonly JsonElement header;
    private readonly int start;

    /// <summary>Reads a file.</summary>
    public GoldenTensors(string path)
    {
        file = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        header = JsonDocument.Parse(file.AsMemory(8, length)).RootElement;
        start = 8 + length;
    }

    /// <summary>Whether there is a tensor of this name.</summary>
    public bool Has(string name) => header.TryGetProperty(name, out _);

    /// <summary>A tensor's type, as the header names it: F32, I64, ...</summary>
    public string Dtype(string name) => header.GetProperty(name).GetProperty("dtype").GetString()!;

    /// <summary>A tensor's shape.</summary>
    public int[] Shape(string name) => [.. header.GetProperty(name).GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];

    /// <summary>A tensor's raw bytes.</summary>
    public byte[] Bytes(string name)
    {
        JsonElement offsets = header.GetProperty(name).GetProperty("data_offsets");
        return file[(start + offsets[0].GetInt32())..(start + offsets[1].GetInt32())];
    }

    /// <summary>A float32 tensor's values.</summary>
    public float[] Floats(string name) => MemoryMarshal.Cast<byte, float>(Bytes(name)).ToArray();

    /// <summary>An int64 tensor's values.</summary>
    public long[] Longs(string name) => MemoryMarshal.Cast<byte, long>(Bytes(name)).ToArray();
}
