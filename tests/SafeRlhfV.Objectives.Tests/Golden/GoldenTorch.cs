using System.Runtime.InteropServices;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Reference data as torch tensors of the stored types.</summary>
internal static class GoldenTorch
{
    public static Tensor Read(this GoldenTensors tensors, string name)
    {
        byte[] bytes = tensors.Bytes(name);
        Tensor flat = tensors.Dtype(name) switch
        {
            "F64" => tensor(MemoryMarshal.Cast<byte, double>(bytes).ToArray()),
            "F32" => tensor(tensors.Floats(name)),
            "BF16" => tensor(MemoryMarshal.Cast<byte, ushort>(bytes).ToArray().Select(bits => BitConverter.Int32BitsToSingle(bits << 16)).ToArray())
                .to(ScalarType.BFloat16),
            "I64" => tensor(tensors.Longs(name)),
            "BOOL" => tensor(bytes.Select(value => value != 0).ToArray()),
            var other => throw new NotSupportedException($"{name}: dtype {other}"),
        };
        return flat.reshape([.. tensors.Shape(name).Select(size => (long)size)]);
    }
}
