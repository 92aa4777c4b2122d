namespace SafeRlhfV.Data;

/// <summary>
/// How encoded images become RGB. The default serves training, generation, scoring, the guard and previews alike: turned upright as EXIF says, transparency
/// laid on white. The other policies exist only to compare with references that were made otherwise.
/// </summary>
public sealed record ImageDecodeOptions
{
    /// <summary>The default: upright, on white; what a person sees in a browser.</summary>
    public static ImageDecodeOptions Standard { get; } = new();

    /// <summary>What transformers' processors do with an image that Pillow has opened: laid on white, not turned.</summary>
    public static ImageDecodeOptions Opened { get; } = new() { ApplyOrientation = false };

    /// <summary>What transformers does with an image that Pillow has opened and made RGB (`Image.open(f).convert("RGB")`): alpha dropped, not turned.</summary>
    public static ImageDecodeOptions Converted { get; } = new() { Alpha = AlphaPolicy.DropChannel, ApplyOrientation = false };

    /// <summary>What transformers does with a path or an address (`load_image`): turned as EXIF says, alpha dropped.</summary>
    public static ImageDecodeOptions FromPath { get; } = new() { Alpha = AlphaPolicy.DropChannel };

    /// <summary>What Pillow's `convert("RGB")` alone does; the reference hashes of duplicates were made so.</summary>
    public static ImageDecodeOptions Fingerprint { get; } = new() { Alpha = AlphaPolicy.Drop, ApplyOrientation = false };

    /// <summary>What becomes of transparency.</summary>
    public AlphaPolicy Alpha { get; init; }

    /// <summary>Turn and mirror the image as its EXIF orientation says (JPEG's APP1, PNG's eXIf, WebP's EXIF).</summary>
    public bool ApplyOrientation { get; init; } = true;

    /// <summary>
    /// Take 16-bit gray as Pillow's `convert("RGB")` does, which cuts values at 255 and makes nearly everything white. Only for comparing with transformers;
    /// otherwise 16 bits are scaled to 8.
    /// </summary>
    public bool ClipSixteenBitGray { get; init; }

    /// <summary>Images that claim more pixels are refused by their header, before memory is taken for them.</summary>
    public long MaxPixels { get; init; } = ImageHeader.MostPixels;
}
