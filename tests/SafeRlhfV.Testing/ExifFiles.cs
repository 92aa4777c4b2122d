using System.Buffers.Binary;

namespace SafeRlhfV.Testing;

/// <summary>Puts an EXIF orientation into encoded images.</summary>
public static class ExifFiles
{
    /// <summary>
    /// The file with the orientation where its format keeps it: JPEG, PNG (before the pixels), "PNG late" (after them), WEBP (which needs the size in pixels).
    /// </summary>
    public static byte[] WithOrientation(byte[] file, string place, int orientation, bool little, (int Width, int Height) size = default)
    {
        byte[] tiff = Tiff(orientation, little);
        return place switch
        {
            "JPEG" => [.. file[..2], 0xff, 0xe1, 0, (byte)(tiff.Length + 8), .. "Exif\0\0"u8, .. tiff, .. file[2..]],
            "PNG" => [.. file[..33], .. PngChunk(tiff), .. file[33..]],
            "PNG late" => [.. file[..^12], .. PngChunk(tiff), .. file[^12..]],
            "WEBP" => WebP(file, tiff, size),
            _ => throw new NotSupportedException(place),
        };
    }

    private static byte[] Tiff(int orientation, bool little)
    {
        byte value = (byte)orientation;
        return little
            ? [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0]
            : [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0];
    }

    private static byte[] PngChunk(byte[] content)
    {
        byte[] named = [.. "eXIf"u8, .. content], length = new byte[4], check = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(check, Crc(named));
        return [.. length, .. named, .. check];
    }

    private static uint Crc(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : 0xedb88320 ^ crc >> 1;
        }
        return ~crc;
    }

    // the plain form ("VP8 " or VP8L) becomes the extended one, whose header says that EXIF follows
    private static byte[] WebP(byte[] file, byte[] tiff, (int Width, int Height) size)
    {
        byte[] body = file.AsSpan(12, 4).SequenceEqual("VP8X"u8) ? file[30..] : file[12..];
        (int width, int height) = (size.Width - 1, size.Height - 1);
        byte[] all =
        [
            .. "WEBPVP8X"u8, 10, 0, 0, 0, 8, 0, 0, 0, (byte)width, (byte)(width >> 8), 0, (byte)height, (byte)(height >> 8), 0, .. body, .. "EXIF"u8,
            (byte)tiff.Length, 0, 0, 0, .. tiff,
        ];
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, all.Length);
        return [.. "RIFF"u8, .. length, .. all];
    }
}
