namespace SafeRlhfV.Data;

/// <summary>
/// The one colour that a GIF or PNG declares transparent. The decoder makes such pixels black; to see the colour below, a GIF's declaration is switched off
/// in a copy of its bytes.
/// </summary>
internal static class ColourKey
{
    /// <summary>The bytes to decode so that the declared colour shows, and that colour; null if there is none (or several, or half transparent ones).</summary>
    public static (ReadOnlyMemory<byte> Bytes, (byte Red, byte Green, byte Blue)? Key) Open(ReadOnlyMemory<byte> bytes, ImageHeader header) =>
        header.Format switch
        {
            "GIF" => OfGif(bytes),
            "PNG" => (bytes, OfPng(bytes.Span)),
            _ => (bytes, null),
        };

    private static (ReadOnlyMemory<byte>, (byte, byte, byte)?) OfGif(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlySpan<byte> file = bytes.Span;
        if (file.Length < 13) return (bytes, null);
        ReadOnlySpan<byte> palette = Palette(file, 10, 13);
        int at = 13 + palette.Length, flags = -1;
        while (at + 9 < file.Length && file[at] == 0x21)
        {
            if (file[at + 1] == 0xf9 && file[at + 2] >= 4 && (file[at + 3] & 1) != 0) flags = at + 3;
            for (at += 2; at < file.Length && file[at] != 0; at += 1 + file[at]) { }
            at++;
        }
        if (flags < 0 || at + 10 > file.Length || file[at] != 0x2c) return (bytes, null);
        ReadOnlySpan<byte> local = Palette(file, at + 9, at + 10);
        if (local.Length > 0) palette = local;
        int index = file[flags + 3] * 3;
        byte[] shown = file.ToArray();
        shown[flags] &= 0xfe;
        return (shown, index + 2 < palette.Length ? (palette[index], palette[index + 1], palette[index + 2]) : null);
    }

    private static ReadOnlySpan<byte> Palette(ReadOnlySpan<byte> file, int flags, int start)
    {
        int length = (file[flags] & 0x80) == 0 ? 0 : 3 << ((file[flags] & 7) + 1);
        return start + length <= file.Length ? file.Slice(start, length) : [];
    }

    private static (byte, byte, byte)? OfPng(ReadOnlySpan<byte> file)
    {
        (int depth, int colour) = (file[24], file[25]);
        ReadOnlySpan<byte> palette = [];
        foreach (PngChunks chunk in new PngChunks(file))
        {
            if (!chunk.IsWhole || chunk.Kind.SequenceEqual("IDAT"u8)) return null;
            if (chunk.Kind.SequenceEqual("PLTE"u8)) palette = chunk.Content;
            else if (chunk.Kind.SequenceEqual("tRNS"u8) && depth <= 8) return Transparent(chunk.Content, palette, depth, colour);
        }
        return null;
    }

    private static (byte, byte, byte)? Transparent(ReadOnlySpan<byte> content, ReadOnlySpan<byte> palette, int depth, int colour)
    {
        if (colour == 0 && content.Length >= 2)
        {
            byte gray = (byte)((content[1] & ((1 << depth) - 1)) * 255 / ((1 << depth) - 1));
            return (gray, gray, gray);
        }
        if (colour == 2 && content.Length >= 6) return (content[1], content[3], content[5]);
        if (colour != 3) return null;
        // one entry fully transparent, the others opaque: only that counts as a colour key
        int index = content.IndexOf((byte)0);
        bool isSimple = index >= 0 && !content[..index].ContainsAnyExcept((byte)255) && !content[(index + 1)..].ContainsAnyExcept((byte)255);
        return isSimple && index * 3 + 2 < palette.Length ? (palette[index * 3], palette[index * 3 + 1], palette[index * 3 + 2]) : null;
    }
}
