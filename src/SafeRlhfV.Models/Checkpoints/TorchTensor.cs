namespace SafeRlhfV.Models;

/// <summary>A tensor of a torch.save file: a view of a storage that lies inside it.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">Its first number, counted in numbers.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Strides">Steps along each dimension, counted in numbers; 0 repeats.</param>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Strides);
