using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Images ready for a vision tower: pixel values of all of them one after another, and each one's geometry.</summary>
/// <param name="PixelValues">LLaVA-1.5 [images, 3, S, S]; LLaVA-NeXT [tiles of all images, 3, S, S]; Qwen [patches of all images, 3 * T * p * p].
/// float32.</param>
/// <param name="Images">One entry an image, in order; their rows add up to the first dimension of the pixel values.</param>
public sealed record ImageInputs(Tensor PixelValues, IReadOnlyList<ImageGeometry> Images) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => PixelValues.Dispose();
}
