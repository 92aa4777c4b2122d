using System.Security.Cryptography;
using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>
/// Everything that an image's file can show: each frame of an animation (GIF, WebP), and what is transparent on white, on black and with its transparency
/// dropped, since it depends on the reader which of them a model sees.
/// </summary>
public static class ImageDecodeAll
{
    /// <summary>The different images, one after the other: one that was read can be let go before the next is decoded.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="mostFrames">More frames are an error.</param>
    /// <exception cref="InvalidInputException">As <see cref="ImageDecoder.Decode"/>, or there are too many frames, or those of a PNG, which are not read here.
    /// </exception>
    public static IEnumerable<RgbImage> Of(ReadOnlyMemory<byte> bytes, int mostFrames)
    {
        HashSet<string> seen = [];
        foreach (RgbImage image in ImageFrames.Count(bytes.Span) > 1 ? Frames(bytes, mostFrames) : Still(bytes))
            if (seen.Add($"{image.Width} {Convert.ToHexString(SHA256.HashData(image.Pixels))}")) yield return image;
    }

    private static IEnumerable<RgbImage> Still(ReadOnlyMemory<byte> bytes)
    {
        yield return ImageDecoder.Decode(bytes);
        if (!ImageTransparency.IsPossible(bytes.Span)) yield break;
        foreach (AlphaPolicy alpha in (AlphaPolicy[])[AlphaPolicy.OnBlack, AlphaPolicy.Drop])
            yield return ImageDecoder.Decode(bytes, new ImageDecodeOptions { Alpha = alpha });
    }

    private static IEnumerable<RgbImage> Frames(ReadOnlyMemory<byte> bytes, int most)
    {
        if (ImageHeader.Read(bytes.Span) is not { Format: "GIF" or "WEBP" } header || header.IsBomb)
            throw new InvalidInputException("the frames of this image cannot be read; send them one by one.");
        using SKData data = SKData.CreateCopy(bytes.Span);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidInputException($"the image's {header.Format} data cannot be read; save it again.");
        SKCodecFrameInfo[] frames = codec.FrameInfo;
        if (frames.Length > most) throw new InvalidInputException($"the image has {frames.Length} frames; {most} are allowed.");
        if (frames.Length == 0)
        {
            foreach (RgbImage still in Still(bytes)) yield return still;
            yield break;
        }

        // A frame is drawn over the last one that stays; one that is taken back leaves no trace.
        SKImageInfo info = new(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using SKBitmap shown = New(info), kept = New(info);
        int keptFrame = -1;
        for (int i = 0; i < frames.Length; i++)
        {
            bool isNew = frames[i].RequiredFrame < 0 || keptFrame < 0;
            if (isNew) shown.Erase(SKColors.Empty);
            else kept.GetPixelSpan().CopyTo(shown.GetPixelSpan());
            SKCodecResult result = codec.GetPixels(info, shown.GetPixels(), new SKCodecOptions(i, isNew ? -1 : keptFrame));
            if (result != SKCodecResult.Success) throw new InvalidInputException($"frame {i + 1} of the image is broken ({result}); save it again.");
            foreach (int? ground in (int?[])[255, 0, null]) yield return Packed(shown, ground);
            if (frames[i].DisposalMethod == SKCodecAnimationDisposalMethod.RestorePrevious) continue;
            shown.GetPixelSpan().CopyTo(kept.GetPixelSpan());
            keptFrame = i;
        }
    }

    private static SKBitmap New(SKImageInfo info)
    {
        SKBitmap bitmap = new();
        return bitmap.TryAllocPixels(info) ? bitmap : throw new InvalidInputException("the image is too large.");
    }

    private static RgbImage Packed(SKBitmap frame, int? ground)
    {
        byte[] rgb = GC.AllocateUninitializedArray<byte>(frame.Width * frame.Height * 3);
        if (ground is { } colour) PixelPacking.ToRgbOn(frame.GetPixelSpan(), rgb, colour);
        else PixelPacking.ToRgb(frame.GetPixelSpan(), rgb);
        return new(frame.Width, frame.Height, rgb);
    }
}
