using System.Buffers;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>Decodes PNG, JPEG, WebP, GIF (its first frame) and BMP to RGB.</summary>
public static class ImageDecoder
{
    // what one array can hold at 8 bytes a pixel
    private const long MostPixels = int.MaxValue / 8;

    private delegate TResult Packer<TResult>(Span<byte> decoded, int width, int height, Packing packing);

    /// <summary>Decodes an image; without options upright and on white, as <see cref="ImageDecodeOptions"/> says.</summary>
    /// <exception cref="InvalidInputException">The bytes are no image of these formats, are broken or cut short, or claim more pixels than the options
    /// allow.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> bytes, ImageDecodeOptions? options = null) => Open(bytes, options ?? ImageDecodeOptions.Standard,
        (decoded, width, height, packing) =>
    {
        byte[] rgb = GC.AllocateUninitializedArray<byte>(width * height * 3);
        packing.Pack(decoded, rgb);
        return ImageOrientation.Apply(new RgbImage(width, height, rgb), packing.Origin);
    });

    /// <summary>
    /// Decodes an image for work that does not keep it: its pixels lie in memory of their own that is freed when the work is done, whatever the garbage
    /// collector does.
    /// </summary>
    /// <exception cref="InvalidInputException">As <see cref="Decode"/>.</exception>
    public static TResult Visit<TResult>(ReadOnlyMemory<byte> bytes, PixelWork<TResult> work, ImageDecodeOptions? options = null) => Open(bytes,
        options ?? ImageDecodeOptions.Standard, (decoded, width, height, packing) =>
    {
        Span<byte> rgb = decoded[..(width * height * 3)]; // in place: a pixel's three bytes lie before the bytes that it is made of
        packing.Pack(decoded, rgb);
        if (packing.Origin is SKEncodedOrigin.TopLeft) return work(width, height, rgb);
        RgbImage upright = ImageOrientation.Apply(new RgbImage(width, height, rgb.ToArray()), packing.Origin);
        return work(upright.Width, upright.Height, upright.Pixels);
    });

    /// <summary>The size that <see cref="Decode"/> would give, without decoding a pixel.</summary>
    /// <exception cref="InvalidInputException">The bytes are no image of these formats, or claim more pixels than the options allow.</exception>
    public static (int Width, int Height) ReadSize(ReadOnlyMemory<byte> bytes, ImageDecodeOptions? options = null) => OpenCodec(bytes,
        options ?? ImageDecodeOptions.Standard,
        (codec, _, _, origin) => ImageOrientation.Swaps(origin) ? (codec.Info.Height, codec.Info.Width) : (codec.Info.Width, codec.Info.Height));

    private static TResult Open<TResult>(ReadOnlyMemory<byte> bytes, ImageDecodeOptions options, Packer<TResult> pack) =>
        OpenCodec(bytes, options, (codec, header, key, origin) => Read(codec, header, options, key, origin, pack));

    private static TResult OpenCodec<TResult>(ReadOnlyMemory<byte> bytes, ImageDecodeOptions options,
        Func<SKCodec, ImageHeader, (byte, byte, byte)?, SKEncodedOrigin, TResult> read)
    {
        if (bytes.IsEmpty) throw new InvalidInputException("the image has 0 bytes; put it back.");
        ImageHeader header = ImageHeader.Read(bytes.Span)
            ?? throw new InvalidInputException("the image is no PNG, JPEG, WebP, GIF or BMP, or is cut short; save it again as one of these.");
        if ((long)header.Width * header.Height > options.MaxPixels)
            throw new InvalidInputException($"the image claims {header.Width} x {header.Height} pixels, more than {options.MaxPixels} in all; scale it down.");
        (ReadOnlyMemory<byte> shown, (byte, byte, byte)? key) =
            options.Alpha is AlphaPolicy.OnWhite or AlphaPolicy.OnBlack ? (bytes, null) : ColourKey.Open(bytes, header);
        using MemoryHandle pin = shown.Pin();
        using SKData data = Wrap(pin, shown.Length);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidInputException($"the image's {header.Format} data cannot be read; save it again.");
        return read(codec, header, key, options.ApplyOrientation ? ExifOrientation.Read(bytes.Span, header) : SKEncodedOrigin.TopLeft);
    }

    private static unsafe SKData Wrap(MemoryHandle pin, int length) => SKData.Create((nint)pin.Pointer, length);

    private static unsafe TResult Read<TResult>(SKCodec codec, ImageHeader header, ImageDecodeOptions options, (byte, byte, byte)? key, SKEncodedOrigin origin,
        Packer<TResult> pack)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width <= 0 || height <= 0 || (long)width * height > Math.Min(options.MaxPixels, MostPixels))
            throw new InvalidInputException($"the image's {header.Format} data claims {width} x {height} pixels; save it again, smaller.");
        bool opaque = codec.Info.AlphaType == SKAlphaType.Opaque, clips = options.ClipSixteenBitGray && header.Mode == "I;16";
        SKImageInfo info = new(width, height, clips ? SKColorType.RgbaF16 : SKColorType.Rgba8888, opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        int? ground = opaque ? null : options.Alpha switch { AlphaPolicy.OnWhite => 255, AlphaPolicy.OnBlack => 0, _ => null };
        Packing packing = new(clips, ground, options.Alpha == AlphaPolicy.DropChannel ? key : null, origin);
        // Not an array: megabytes of pixels an image would wait for the collector.
        void* decoded = NativeMemory.Alloc((nuint)info.BytesSize64);
        try
        {
            if (codec.GetPixels(info, (nint)decoded) is var result and not SKCodecResult.Success)
                throw new InvalidInputException($"the image's {header.Format} data is "
                    + $"{(result == SKCodecResult.IncompleteInput ? "cut short" : $"broken ({result})")}; save it again.");
            return pack(new Span<byte>(decoded, (int)info.BytesSize64), width, height, packing);
        }
        finally
        {
            NativeMemory.Free(decoded);
        }
    }

    /// <summary>How decoded pixels become RGB.</summary>
    private readonly record struct Packing(bool Clips, int? Ground, (byte, byte, byte)? Key, SKEncodedOrigin Origin)
    {
        public void Pack(ReadOnlySpan<byte> decoded, Span<byte> rgb)
        {
            if (Clips) PixelPacking.ClipToRgb(MemoryMarshal.Cast<byte, Half>(decoded), rgb);
            else if (Ground is { } ground) PixelPacking.ToRgbOn(decoded, rgb, ground);
            else PixelPacking.ToRgb(decoded, rgb);
            if (Key is { } colour) PixelPacking.Whiten(rgb, colour);
        }
    }
}
