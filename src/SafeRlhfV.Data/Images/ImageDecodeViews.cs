namespace SafeRlhfV.Data;

/// <summary>
/// The images that one file can show. What lies beneath transparency is not what a person sees on a page, but what a model sees whose loader drops the
/// transparency: a guard judges both.
/// </summary>
public static class ImageDecodeViews
{
    /// <summary>The image upright with its transparency dropped, and the standard one, on white, where that differs.</summary>
    /// <exception cref="InvalidInputException">As <see cref="ImageDecoder.Decode"/>.</exception>
    public static IReadOnlyList<RgbImage> Of(ReadOnlyMemory<byte> bytes)
    {
        RgbImage dropped = ImageDecoder.Decode(bytes, new ImageDecodeOptions { Alpha = AlphaPolicy.Drop });
        if (ImageHeader.Read(bytes.Span) is { Format: "JPEG" }) return [dropped];
        RgbImage onWhite = ImageDecoder.Decode(bytes);
        return dropped.Pixels.AsSpan().SequenceEqual(onWhite.Pixels) ? [dropped] : [dropped, onWhite];
    }
}
