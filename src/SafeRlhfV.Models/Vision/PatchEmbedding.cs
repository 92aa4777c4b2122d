using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The patch convolution of CLIP and SigLIP towers. Patches do not overlap, so it is one matrix product over flattened patches.</summary>
internal static class PatchEmbedding
{
    /// <summary>Pixel values → [rows, patches, width]. Pixels left over at the right and the bottom are dropped.</summary>
    /// <param name="pixels_RCSS">Pixel values, [rows, C, S, S].</param>
    /// <param name="kernel_HCpp">The convolution's kernel, [width, C, p, p].</param>
    /// <param name="bias_H">Its bias; null = none.</param>
    /// <param name="side">S, in pixels.</param>
    public static Tensor Embed(Tensor pixels_RCSS, Tensor kernel_HCpp, Tensor? bias_H, int side)
    {
        (long width, long channels, long patch) = (kernel_HCpp.shape[0], kernel_HCpp.shape[1], kernel_HCpp.shape[2]);
        long[] shape = pixels_RCSS.shape;
        if (shape.Length != 4 || shape[1] != channels || shape[2] != side || shape[3] != side)
            throw new ArgumentException($"Pixel values are [{string.Join(", ", shape)}]; [rows, {channels}, {side}, {side}] is needed.", nameof(pixels_RCSS));
        (long rows, long grid) = (shape[0], side / patch);
        Tensor pixels = pixels_RCSS.to(kernel_HCpp.dtype);
        Tensor whole = grid * patch == side ? pixels : pixels.narrow(2, 0, grid * patch).narrow(3, 0, grid * patch);
        Tensor patches = whole.reshape(rows, channels, grid, patch, grid, patch).permute(0, 2, 4, 1, 3, 5).reshape(rows, grid * grid, -1);
        return nn.functional.linear(patches, kernel_HCpp.view(width, -1), bias_H);
    }
}
