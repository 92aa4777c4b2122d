namespace SafeRlhfV.Data;

/// <summary>What becomes of transparency when an image is made RGB. transformers and Pillow know all three, by way of how the image is handed over.</summary>
public enum AlphaPolicy
{
    /// <summary>The image is laid on white: what transformers' processors (5.x) make of an opened image, and what people see in a browser.</summary>
    OnWhite,

    /// <summary>The image is laid on black.</summary>
    OnBlack,

    /// <summary>
    /// An alpha channel is dropped, but a palette's one transparent colour turns white: what transformers makes of a path, or of Pillow's `convert("RGB")`.
    /// </summary>
    DropChannel,

    /// <summary>Transparency is dropped whatever its kind, and the colours below it show: Pillow's `convert("RGB")` alone.</summary>
    Drop,
}
