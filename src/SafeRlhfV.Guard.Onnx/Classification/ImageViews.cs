using SafeRlhfV.Data;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>The pixels of an image to judge.</summary>
internal static class ImageViews
{
    /// <summary>The image with its transparency dropped, as the models' own pipelines load it, and on white where that is another one.</summary>
    /// <exception cref="InvalidInputException">It cannot be decoded, or only its address is given.</exception>
    public static IReadOnlyList<RgbImage> Of(ModerationImage image) => image.Pixels is { } pixels ? [pixels]
        : image.Encoded?.Bytes is { } bytes ? ImageDecodeViews.Of(bytes)
        : throw new InvalidInputException($"A model on this machine cannot see the image {image.Address?.ToString() ?? image.Encoded?.Path}: give its bytes.");
}
