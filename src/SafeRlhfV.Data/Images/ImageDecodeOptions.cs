namespace SafeRlhfV.Data;

/// <summary>How encoded pictures become RGB. The default is what transformers' processors do with an opened picture: laid on white, turned in no way.</summary>
public sealed record ImageDecodeOptions
{
    /// <summary>What transformers' processors do with a picture that Pillow has opened; the default.</summary>
    public static ImageDecodeOptions Opened { get; } = new();

    /// <summary>What transformers does with a picture that Pillow has opened and made RGB (`Image.open(f).convert("RGB")`).</summary>
    public static ImageDecodeOptions Converted { get; } = new() { Alpha = AlphaPolicy.DropChannel };

    /// <summary>What transformers does with a path or an address (`load_image`): turned as EXIF says, alpha dropped.</summary>
    public static ImageDecodeOptions FromPath { get; } = new() { Alpha = AlphaPolicy.DropChannel, ApplyOrientation = true };

    /// <summary>What becomes of transparency.</summary>
    public AlphaPolicy Alpha { get; init; }

    /// <summary>Turn and mirror the picture as its EXIF orientation says.</summary>
    public bool ApplyOrientation { get; init; }

    /// <summary>
    /// Take 16-bit gray as Pillow's `convert("RGB")` does, which cuts values at 255 and makes nearly everything white. Only for comparing with transformers; otherwise
    /// 16 bits are scaled to 8.
    /// </summary>
    public bool ClipSixteenBitGray { get; init; }

    /// <summary>Pictures that claim more pixels are refused by their header, before memory is taken for them.</summary>
    public long MaxPixels { get; init; } = ImageHeader.MostPixels;
}
