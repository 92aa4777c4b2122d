using System.Buffers.Binary;

namespace SafeRlhfV.Core;

/// <summary>What the first bytes of an encoded image say, without decoding it.</summary>
/// <param name="Format">JPEG, PNG, WEBP, GIF or BMP.</param>
/// <param name="Width">Width as stored (EXIF orientation is not applied), in pixels.</param>
/// <param name="Height">Height as stored, in pixels.</param>
/// <param name="Mode">The pixel mode by Pillow's names: RGB, L, P, RGBA, ...; for information.</param>
public sealed record ImageHeader(string Format, int Width, int Height, string Mode)
{
    /// <summary>Images of more pixels are refused before they are decoded (the limit at which Pillow refuses too).</summary>
    public const long MostPixels = 178_956_970;

    /// <summary>Whether decoding would take more memory than is sane.</summary>
    public bool IsBomb => (long)Width * Height > MostPixels;

    /// <summary>The format as a media type: image/jpeg, ...</summary>
    public string MediaType => $"image/{Format.ToLowerInvariant()}";

    /// <summary>Reads the header; null where the bytes are no image of a known format, end too early or state no size.</summary>
    public static ImageHeader? Read(ReadOnlySpan<byte> bytes) => Find(bytes) is { Width: > 0, Height: > 0 } header ? header : null;

    private static ImageHeader? Find(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10])) return Png(bytes);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff])) return Jpeg(bytes);
        if (bytes.Length >= 30 && bytes.StartsWith("RIFF"u8) && bytes[8..12].SequenceEqual("WEBP"u8)) return WebP(bytes);
        if (bytes.Length >= 13 && (bytes.StartsWith("GIF87a"u8) || bytes.StartsWith("GIF89a"u8)))
            return new ImageHeader("GIF", BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]), "P");
        return bytes.StartsWith("BM"u8) ? Bmp(bytes) : null;
    }

    // A negative height means rows from top to bottom; the oldest header (12 bytes long) has 16-bit sizes
    private static ImageHeader? Bmp(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 30) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]) == 12)
            return new ImageHeader("BMP", BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[20..]),
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[24..]) <= 8 ? "P" : "RGB");
        int height = BinaryPrimitives.ReadInt32LittleEndian(bytes[22..]);
        return height == int.MinValue ? null
            : new ImageHeader("BMP", BinaryPrimitives.ReadInt32LittleEndian(bytes[18..]), Math.Abs(height),
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]) <= 8 ? "P" : "RGB");
    }

    private static ImageHeader? Png(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 33 || !bytes[12..16].SequenceEqual("IHDR"u8)) return null;
        int depth = bytes[24];
        string? mode = bytes[25] switch
        {
            0 => depth switch { 1 => "1", 16 => "I;16", _ => "L" },
            2 => "RGB",
            3 => "P",
            4 => depth == 16 ? "RGBA" : "LA",
            6 => "RGBA",
            _ => null,
        };
        uint width = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]), height = BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]);
        return mode is null || width > int.MaxValue || height > int.MaxValue ? null : new ImageHeader("PNG", (int)width, (int)height, mode);
    }

    private static ImageHeader? Jpeg(ReadOnlySpan<byte> bytes)
    {
        // The size stands in the frame header; what comes before it is skipped by its stated length
        for (int at = 2; at + 9 < bytes.Length;)
        {
            if (bytes[at] != 0xff) return null;
            byte marker = bytes[at + 1];
            if (marker == 0xff) at++;
            else if (marker is 0x01 or >= 0xd0 and <= 0xd8) at += 2;
            else if (marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc))
                return new ImageHeader("JPEG", BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 5)..]),
                    bytes[at + 9] switch { 1 => "L", 4 => "CMYK", _ => "RGB" });
            else if (marker is 0xd9 or 0xda) return null;
            else
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
                if (length < 2) return null;
                at += 2 + length;
            }
        }
        return null;
    }

    private static ImageHeader? WebP(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> kind = bytes[12..16];
        if (kind.SequenceEqual("VP8X"u8))
            return new ImageHeader("WEBP", 1 + Three(bytes[24..]), 1 + Three(bytes[27..]), (bytes[20] & 0x10) != 0 ? "RGBA" : "RGB");
        if (kind.SequenceEqual("VP8L"u8) && bytes[20] == 0x2f)
        {
            uint bits = BinaryPrimitives.ReadUInt32LittleEndian(bytes[21..]);
            return new ImageHeader("WEBP", 1 + (int)(bits & 0x3fff), 1 + (int)((bits >> 14) & 0x3fff), ((bits >> 28) & 1) != 0 ? "RGBA" : "RGB");
        }
        if (kind.SequenceEqual("VP8 "u8))
            return new ImageHeader("WEBP", BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]) & 0x3fff,
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]) & 0x3fff, "RGB");
        return null;
    }

    private static int Three(ReadOnlySpan<byte> bytes) => bytes[0] | bytes[1] << 8 | bytes[2] << 16;
}
