using System.Buffers;
using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>Decodes PNG, JPEG, WebP, GIF (its first frame) and BMP to RGB.</summary>
public static class ImageDecoder
{
    /// <summary>Decodes a picture.</summary>
    /// <exception cref="InvalidInputException">The bytes are no picture of these formats, are broken or cut short, or claim more pixels than the options allow.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> bytes, ImageDecodeOptions? options = null)
    {
        options ??= ImageDecodeOptions.Opened;
        if (bytes.IsEmpty) throw new InvalidInputException("the image has 0 bytes; put it back.");
        ImageHeader header = ImageHeader.Read(bytes.Span) ?? throw new InvalidInputException("the image is no PNG, JPEG, WebP, GIF or BMP, or is cut short; save it again as one of these.");
        if ((long)header.Width * header.Height > options.MaxPixels)
            throw new InvalidInputException($"the image claims {header.Width} x {header.Height} pixels, more than {options.MaxPixels} in all; scale it down.");
        using MemoryHandle pin = bytes.Pin();
        unsafe
        {
            using SKData data = SKData.Create((nint)pin.Pointer, bytes.Length);
            using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidInputException($"the image's {header.Format} data cannot be read; save it again.");
            RgbImage picture = Read(codec, header, options);
            return options.ApplyOrientation ? ImageOrientation.Apply(picture, codec.EncodedOrigin) : picture;
        }
    }

    private static RgbImage Read(SKCodec codec, ImageHeader header, ImageDecodeOptions options)
    {
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width <= 0 || height <= 0 || (long)width * height > options.MaxPixels)
            throw new InvalidInputException($"the image's {header.Format} data claims {width} x {height} pixels; save it again within {options.MaxPixels} in all.");
        bool opaque = codec.Info.AlphaType == SKAlphaType.Opaque;
        SKImageInfo info = new(width, height, SKColorType.Rgba8888, opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        byte[] rgb = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        byte[] rgba = ArrayPool<byte>.Shared.Rent(checked(width * height * 4));
        try
        {
            SKCodecResult result;
            unsafe
            {
                fixed (byte* pixels = rgba) result = codec.GetPixels(info, (nint)pixels);
            }
            if (result != SKCodecResult.Success)
                throw new InvalidInputException($"the image's {header.Format} data is {(result == SKCodecResult.IncompleteInput ? "cut short" : $"broken ({result})")}; save it again.");
            PixelPacking.ToRgb(rgba.AsSpan(0, rgb.Length / 3 * 4), rgb, onWhite: !opaque && options.Alpha != AlphaPolicy.Drop);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
        return new RgbImage(width, height, rgb);
    }
}
