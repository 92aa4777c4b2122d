using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>A safetensors file (length, JSON header, raw little-endian data) as torch tensors of the stored types.</summary>
internal sealed class GoldenTensors
{
    private readonly byte[] file;
    private readonly JsonElement header;
    private readonly int start;

    public GoldenTensors(string path)
    {
        file = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        header = JsonDocument.Parse(file.AsMemory(8, length)).RootElement;
        start = 8 + length;
    }

    public Tensor Read(string name)
    {
        JsonElement entry = header.GetProperty(name), offsets = entry.GetProperty("data_offsets");
        ReadOnlySpan<byte> bytes = file.AsSpan((start + offsets[0].GetInt32())..(start + offsets[1].GetInt32()));
        long[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        Tensor flat = entry.GetProperty("dtype").GetString() switch
        {
            "F64" => tensor(MemoryMarshal.Cast<byte, double>(bytes).ToArray()),
            "F32" => tensor(MemoryMarshal.Cast<byte, float>(bytes).ToArray()),
            "BF16" => tensor(MemoryMarshal.Cast<byte, ushort>(bytes).ToArray().Select(bits => BitConverter.Int32BitsToSingle(bits << 16)).ToArray()).to(ScalarType.BFloat16),
            "I64" => tensor(MemoryMarshal.Cast<byte, long>(bytes).ToArray()),
            "BOOL" => tensor(bytes.ToArray().Select(value => value != 0).ToArray()),
            var other => throw new NotSupportedException($"{name}: dtype {other}"),
        };
        return flat.reshape(shape);
    }
}
