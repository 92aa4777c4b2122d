using System.Buffers;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>Decodes PNG, JPEG, WebP, GIF (its first frame) and BMP to RGB.</summary>
public static class ImageDecoder
{
    // what one array can hold at 8 bytes a pixel
    private const long MostPixels = int.MaxValue / 8;

    /// <summary>Decodes a picture.</summary>
    /// <exception cref="InvalidInputException">The bytes are no picture of these formats, are broken or cut short, or claim more pixels than the options allow.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> bytes, ImageDecodeOptions? options = null)
    {
        options ??= ImageDecodeOptions.Opened;
        if (bytes.IsEmpty) throw new InvalidInputException("the image has 0 bytes; put it back.");
        ImageHeader header = ImageHeader.Read(bytes.Span) ?? throw new InvalidInputException("the image is no PNG, JPEG, WebP, GIF or BMP, or is cut short; save it again as one of these.");
        if ((long)header.Width * header.Height > options.MaxPixels)
            throw new InvalidInputException($"the image claims {header.Width} x {header.Height} pixels, more than {options.MaxPixels} in all; scale it down.");
        (ReadOnlyMemory<byte> shown, (byte, byte, byte)? key) = options.Alpha == AlphaPolicy.OnWhite ? (bytes, null) : ColourKey.Open(bytes, header);
        using MemoryHandle pin = shown.Pin();
        using SKData data = Wrap(pin, shown.Length);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidInputException($"the image's {header.Format} data cannot be read; save it again.");
        RgbImage picture = Read(codec, header, options);
        if (key is { } colour && options.Alpha == AlphaPolicy.DropChannel) PixelPacking.Whiten(picture.Pixels, colour);
        return options.ApplyOrientation ? ImageOrientation.Apply(picture, codec.EncodedOrigin) : picture;
    }

    private static unsafe SKData Wrap(MemoryHandle pin, int length) => SKData.Create((nint)pin.Pointer, length);

    private static RgbImage Read(SKCodec codec, ImageHeader header, ImageDecodeOptions options)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width <= 0 || height <= 0 || (long)width * height > Math.Min(options.MaxPixels, MostPixels))
            throw new InvalidInputException($"the image's {header.Format} data claims {width} x {height} pixels; save it again, smaller.");
        bool opaque = codec.Info.AlphaType == SKAlphaType.Opaque, clips = options.ClipSixteenBitGray && header.Mode == "I;16";
        SKImageInfo info = new(width, height, clips ? SKColorType.RgbaF16 : SKColorType.Rgba8888, opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        byte[] rgb = GC.AllocateUninitializedArray<byte>(width * height * 3);
        byte[] decoded = ArrayPool<byte>.Shared.Rent(checked((int)info.BytesSize64));
        try
        {
            Span<byte> pixels = decoded.AsSpan(0, (int)info.BytesSize64);
            if (Fill(codec, info, pixels) is var result and not SKCodecResult.Success)
                throw new InvalidInputException($"the image's {header.Format} data is {(result == SKCodecResult.IncompleteInput ? "cut short" : $"broken ({result})")}; save it again.");
            if (clips) PixelPacking.ClipToRgb(MemoryMarshal.Cast<byte, Half>(pixels), rgb);
            else if (opaque || options.Alpha != AlphaPolicy.OnWhite) PixelPacking.ToRgb(pixels, rgb);
            else PixelPacking.ToRgbOnWhite(pixels, rgb);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(decoded);
        }
        return new RgbImage(width, height, rgb);
    }

    private static unsafe SKCodecResult Fill(SKCodec codec, SKImageInfo info, Span<byte> pixels)
    {
        fixed (byte* target = pixels) return codec.GetPixels(info, (nint)target);
    }
}
