using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>Decodes a row's picture, or says why it cannot be.</summary>
internal static class PictureReader
{
    /// <summary>The picture; or the fault's code and words.</summary>
    public static (RgbImage? Picture, string? Code, string? What) Read(byte[] bytes)
    {
        if (bytes.Length == 0) return (null, Fault.ImageUndecodable, "the image has 0 bytes; put it back or drop the row.");
        if (ImageHeader.Read(bytes) is { IsBomb: true } header)
            return (null, Fault.ImageBomb, $"the image claims {header.Width} x {header.Height} pixels, more than {ImageHeader.MostPixels} in all; scale it down or drop the row.");
        try
        {
            return (Decode(bytes), null, null);
        }
        catch (InvalidInputException error)
        {
            return (null, Fault.ImageUndecodable, $"the image cannot be decoded ({ParquetFile.FirstLine(error).TrimEnd('.')}); put it back or drop the row.");
        }
    }

    private static RgbImage Decode(byte[] bytes)
    {
        using SKData data = SKData.CreateCopy(bytes);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidInputException("unknown format");
        SKImageInfo info = new(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        byte[] rgba = new byte[info.BytesSize64];
        unsafe
        {
            fixed (byte* pixels = rgba)
                if (codec.GetPixels(info, (nint)pixels) is var result and not SKCodecResult.Success) throw new InvalidInputException(result.ToString());
        }
        byte[] rgb = new byte[info.Width * info.Height * 3];
        for (int i = 0, j = 0; i < rgba.Length; i += 4)
        {
            rgb[j++] = rgba[i];
            rgb[j++] = rgba[i + 1];
            rgb[j++] = rgba[i + 2];
        }
        return new RgbImage(info.Width, info.Height, rgb);
    }
}
