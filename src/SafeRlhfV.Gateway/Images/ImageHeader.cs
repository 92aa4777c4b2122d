using System.Buffers.Binary;

namespace SafeRlhfV.Gateway;

/// <summary>An image's kind and size as its first bytes state them, read without decoding anything.</summary>
internal sealed record ImageHeader(string MediaType, long Width, long Height)
{
    /// <summary>Reads PNG, JPEG, GIF and WebP; null for anything else or where the size cannot be found.</summary>
    public static ImageHeader? Read(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, _, _, _, _, 0x49, 0x48, 0x44, 0x52, ..] when bytes.Length >= 33 =>
            Sized("image/png", BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[20..])),
        [0x47, 0x49, 0x46, 0x38, 0x37 or 0x39, 0x61, ..] when bytes.Length >= 13 =>
            Sized("image/gif", BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]), BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..])),
        [0x52, 0x49, 0x46, 0x46, _, _, _, _, 0x57, 0x45, 0x42, 0x50, ..] when bytes.Length >= 30 => ReadWebP(bytes),
        [0xFF, 0xD8, 0xFF, ..] => ReadJpeg(bytes),
        _ => null,
    };

    private static ImageHeader? Sized(string mediaType, long width, long height) => width > 0 && height > 0 ? new(mediaType, width, height) : null;

    private static ImageHeader? ReadWebP(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> kind = bytes[12..16];
        if (kind.SequenceEqual("VP8X"u8)) return Sized("image/webp", 1 + UInt24(bytes[24..]), 1 + UInt24(bytes[27..]));
        if (kind.SequenceEqual("VP8 "u8))
            return Sized("image/webp", BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]) & 0x3FFF, BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]) & 0x3FFF);
        if (!kind.SequenceEqual("VP8L"u8) || bytes[20] != 0x2F) return null;
        uint packed = BinaryPrimitives.ReadUInt32LittleEndian(bytes[21..]);
        return Sized("image/webp", (packed & 0x3FFF) + 1, ((packed >> 14) & 0x3FFF) + 1);
    }

    private static long UInt24(ReadOnlySpan<byte> bytes) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);

    // The size stands in the frame header; what comes before it is skipped by its stated length.
    private static ImageHeader? ReadJpeg(ReadOnlySpan<byte> bytes)
    {
        int at = 2;
        while (at + 9 < bytes.Length)
        {
            if (bytes[at] != 0xFF) return null;
            byte marker = bytes[at + 1];
            if (marker == 0xFF) at++;
            else if (marker is 0x01 or (>= 0xD0 and <= 0xD7)) at += 2;
            else if (marker is >= 0xC0 and <= 0xCF and not 0xC4 and not 0xC8 and not 0xCC)
                return Sized("image/jpeg", BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 5)..]));
            else if (marker is 0xD9 or 0xDA) return null;
            else at += 2 + Math.Max(2, (int)BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]));
        }
        return null;
    }
}
