using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>One tensor of a weight file.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Dtype">Its element type.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, from the start of the file.</param>
/// <param name="Length">Bytes of its numbers.</param>
public sealed record TensorEntry(string Name, ScalarType Dtype, IReadOnlyList<long> Shape, long Offset, long Length);
