using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SafeRlhfV.Core;

/// <summary>Encodes an image as PNG.</summary>
public static class PngBytes
{
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];
    private static readonly uint[] Crc = [.. Enumerable.Range(0, 256).Select(CrcOf)];

    /// <summary>The file, without loss.</summary>
    public static byte[] Encode(RgbImage image)
    {
        using MemoryStream png = new(), data = new();
        png.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], image.Height);
        (header[8], header[9]) = (8, 2);
        WriteChunk(png, "IHDR", header);
        using (ZLibStream deflate = new(data, CompressionLevel.Fastest, leaveOpen: true))
            for (int y = 0; y < image.Height; y++)
            {
                deflate.WriteByte(0);
                deflate.Write(image.Pixels, y * image.Width * 3, image.Width * 3);
            }
        WriteChunk(png, "IDAT", data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(png, "IEND", []);
        return png.ToArray();
    }

    private static void WriteChunk(MemoryStream png, string type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        uint crc = uint.MaxValue;
        foreach (byte value in chunk.AsSpan(4, data.Length + 4)) crc = Crc[(byte)(crc ^ value)] ^ crc >> 8;
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), ~crc);
        png.Write(chunk);
    }

    private static uint CrcOf(int value)
    {
        uint crc = (uint)value;
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? 0xEDB88320 ^ crc >> 1 : crc >> 1;
        return crc;
    }
}
