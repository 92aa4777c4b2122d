using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary>Decodes images one after another. A file that comes several times in a row, as with several questions about one image, is decoded once.</summary>
internal sealed class ImageReader
{
    private byte[]? last;
    private RgbImage? image;

    /// <summary>The image in a file's bytes.</summary>
    /// <exception cref="InvalidInputException">They are no image.</exception>
    public RgbImage Read(byte[] bytes)
    {
        if (image is not null && last.AsSpan().SequenceEqual(bytes)) return image;
        RgbImage decoded = ImageDecoder.Decode(bytes);
        (last, image) = (bytes, decoded);
        return decoded;
    }
}
