using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A block of numbers of a torch.save file.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="Dtype">Type of its numbers.</param>
/// <param name="Count">How many they are.</param>
internal sealed record TorchStorage(string Key, ScalarType Dtype, long Count);
