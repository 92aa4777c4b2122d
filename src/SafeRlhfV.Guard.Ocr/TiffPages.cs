using System.Buffers.Binary;

namespace SafeRlhfV.Guard.Ocr;

/// <summary>Writes grey images as the pages of one TIFF file (TIFF 6.0), uncompressed, so that one process reads them all.</summary>
internal static class TiffPages
{
    private const int Entries = 9, DirectoryBytes = 2 + 12 * Entries + 4;
    private const ushort Short = 3, Long = 4;

    public static byte[] Write(IReadOnlyList<GreyImage> pages)
    {
        byte[] file = new byte[8 + pages.Sum(page => DirectoryBytes + (page.Pixels.Length + 1) / 2 * 2)];
        "II*\0"u8.CopyTo(file);
        int at = 8, link = 4; // where the address of the next directory stands
        foreach (GreyImage page in pages)
        {
            page.Pixels.CopyTo(file, at);
            int strip = at;
            at += (page.Pixels.Length + 1) / 2 * 2; // directories begin at even addresses
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(link), at);
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), Entries);
            at += 2;
            foreach ((ushort tag, ushort type, int value) in ((ushort, ushort, int)[])[
                (256, Long, page.Width), (257, Long, page.Height), (258, Short, 8), (259, Short, 1), (262, Short, 1), // 8 bits, as they are, 0 is black
                (273, Long, strip), (277, Short, 1), (278, Long, page.Height), (279, Long, page.Pixels.Length)])
            {
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), tag);
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at + 2), type);
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at + 4), 1);
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at + 8), value);
                at += 12;
            }
            link = at;
            at += 4;
        }
        return file;
    }
}
