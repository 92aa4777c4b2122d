using SafeRlhfV.Data;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>The pixels of an image to judge: what lies beneath transparency can differ from what a person sees, so both are judged.</summary>
internal static class ImageViews
{
    /// <summary>The image upright with transparency dropped (as the models' own pipelines load it), and on white where that is another one.</summary>
    /// <exception cref="InvalidInputException">It cannot be decoded, or only its address is given.</exception>
    public static IReadOnlyList<RgbImage> Of(ModerationImage image)
    {
        if (image.Pixels is { } pixels) return [pixels];
        byte[] bytes = image.Encoded?.Bytes
            ?? throw new InvalidInputException(
                $"A model on this machine cannot see the image {image.Address?.ToString() ?? image.Encoded?.Path}: give its bytes.");
        RgbImage dropped = ImageDecoder.Decode(bytes, new ImageDecodeOptions { Alpha = AlphaPolicy.Drop });
        if (ImageHeader.Read(bytes) is { Format: "JPEG" }) return [dropped];
        RgbImage onWhite = ImageDecoder.Decode(bytes);
        return dropped.Pixels.AsSpan().SequenceEqual(onWhite.Pixels) ? [dropped] : [dropped, onWhite];
    }
}
