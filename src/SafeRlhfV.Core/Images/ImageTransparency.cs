namespace SafeRlhfV.Core;

/// <summary>Tells from an image's file, without decoding it, whether it may be transparent anywhere.</summary>
public static class ImageTransparency
{
    /// <summary>Whether colours may lie beneath transparency, or show on some backgrounds alone.</summary>
    public static bool IsPossible(ReadOnlySpan<byte> bytes) => ImageHeader.Read(bytes) switch
    {
        { Format: "PNG", Mode: "RGBA" or "LA" } => true,
        { Format: "PNG" } => HasKey(bytes),
        { Format: "GIF" } => true,
        { Format: "WEBP", Mode: var mode } => mode == "RGBA" || bytes.IndexOf("ALPH"u8) >= 0,
        _ => false,
    };

    // A colour, or entries of the palette, that are declared transparent.
    private static bool HasKey(ReadOnlySpan<byte> bytes)
    {
        foreach (PngChunks chunk in new PngChunks(bytes))
            if (chunk.Kind.SequenceEqual("tRNS"u8)) return true;
        return false;
    }
}
