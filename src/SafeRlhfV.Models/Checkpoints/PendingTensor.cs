using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A tensor that is going to be written: its shape is known now, its values are asked for when it is its turn.</summary>
/// <param name="Name">Its key in the file.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Type">Its type in the file.</param>
/// <param name="Open">Gives the values, in any type; called within a dispose scope of its own.</param>
public sealed record PendingTensor(string Name, IReadOnlyList<long> Shape, ScalarType Type, Func<Tensor> Open)
{
    /// <summary>Bytes in the file.</summary>
    public long Bytes => Shape.Aggregate(1L, (product, size) => product * size) * SafetensorsTypes.Size(Type);

    /// <summary>A tensor that is there already; <paramref name="wanted"/> changes the type of weights, not that of integers.</summary>
    public static PendingTensor Of(string name, Tensor tensor, ScalarType? wanted) =>
        new(name, tensor.shape, wanted is { } type && tensor.is_floating_point() ? type : tensor.dtype, () => tensor);
}
