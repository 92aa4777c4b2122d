using System.Buffers.Binary;
using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>Finds the EXIF orientation of an encoded image: in JPEG's APP1 segment, PNG's eXIf chunk (wherever it stands) or WebP's EXIF chunk.</summary>
internal static class ExifOrientation
{
    private const ushort Tag = 0x0112;

    /// <summary>The orientation; top left where there is none, or where it cannot be read.</summary>
    public static SKEncodedOrigin Read(ReadOnlySpan<byte> file, ImageHeader header)
    {
        ReadOnlySpan<byte> exif = header.Format switch { "JPEG" => OfJpeg(file), "PNG" => OfPng(file), "WEBP" => OfWebP(file), _ => [] };
        return (SKEncodedOrigin)OfTiff(WithoutName(exif));
    }

    private static ReadOnlySpan<byte> OfJpeg(ReadOnlySpan<byte> file)
    {
        for (int at = 2; at + 4 <= file.Length && file[at] == 0xff;)
        {
            byte marker = file[at + 1];
            if (marker is 0xd9 or 0xda) break; // the end, or pixels
            if (marker == 0xff) at++;
            else if (marker is 0x01 or >= 0xd0 and <= 0xd8) at += 2;
            else
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
                if (length < 2 || at + 2 + length > file.Length) break;
                ReadOnlySpan<byte> content = file.Slice(at + 4, length - 2);
                if (marker == 0xe1 && content.StartsWith("Exif\0\0"u8)) return content;
                at += 2 + length;
            }
        }
        return [];
    }

    private static ReadOnlySpan<byte> OfPng(ReadOnlySpan<byte> file)
    {
        foreach (PngChunks chunk in new PngChunks(file))
            if (chunk.IsWhole && chunk.Kind.SequenceEqual("eXIf"u8)) return chunk.Content;
        return [];
    }

    private static ReadOnlySpan<byte> OfWebP(ReadOnlySpan<byte> file)
    {
        for (int at = 12; at + 8 <= file.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(file[(at + 4)..]);
            if (length > file.Length - at - 8) break;
            if (file.Slice(at, 4).SequenceEqual("EXIF"u8)) return file.Slice(at + 8, (int)length);
            at += 8 + (int)(length + (length & 1));
        }
        return [];
    }

    // JPEG always names the block, some writers of WebP do so too
    private static ReadOnlySpan<byte> WithoutName(ReadOnlySpan<byte> exif) => exif.StartsWith("Exif\0\0"u8) ? exif[6..] : exif;

    private static int OfTiff(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8) return 1;
        bool isLittle = tiff.StartsWith("II*\0"u8);
        if (!isLittle && !tiff.StartsWith("MM\0*"u8)) return 1;
        uint directory = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2) return 1;
        int entries = Short(tiff, (int)directory, isLittle);
        for (int i = 0, at = (int)directory + 2; i < entries && at + 12 <= tiff.Length; i++, at += 12)
        {
            if (Short(tiff, at, isLittle) != Tag) continue;
            bool isShort = Short(tiff, at + 2, isLittle) == 3; // SHORT as the standard says; LONG is met too
            int value = Short(tiff, at + (isShort || isLittle ? 8 : 10), isLittle);
            return value is >= 1 and <= 8 ? value : 1;
        }
        return 1;
    }

    private static int Short(ReadOnlySpan<byte> bytes, int at, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]) : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}
