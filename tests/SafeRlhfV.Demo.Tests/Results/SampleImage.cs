using System.Buffers.Binary;
using System.IO.Compression;

namespace SafeRlhfV.Demo.Tests;

/// <summary>Small drawings in the manner of the built-in world, as PNG, so that a report can be drawn without it.</summary>
internal static class SampleImage
{
    private const int Size = 56;

    public static byte[] Draw(long seed, (byte R, byte G, byte B) colour, int cell, bool marked)
    {
        RandomStream random = new(seed, "picture");
        double[] background = [random.Uniform(185, 250), random.Uniform(185, 250), random.Uniform(185, 250)];
        double cx = 14 + 28 * (cell % 2), cy = 14 + 28 * (cell / 2), mx = 14 + 28 * ((cell + 1) % 2), my = cy;
        byte[] rows = new byte[Size * (Size * 3 + 1)];
        for (int y = 0, at = 0; y < Size; y++)
        {
            rows[at++] = 0; // filter: none
            for (int x = 0; x < Size; x++)
            {
                double[] pixel = [.. background];
                if (Math.Abs(x - cx) < 10 && Math.Abs(y - cy) < 7) pixel = [colour.R, colour.G, colour.B];
                if (Math.Abs(x - cx) < 6 && Math.Abs(y - cy + 2) < 3) pixel = [128 + colour.R / 2, 128 + colour.G / 2, 128 + colour.B / 2];
                double dx = (x - mx) / 16, dy = (y - my) / 16;
                if (marked && dx * dx + dy * dy < 0.2) pixel = [25, 25, 25];
                if (marked && (Math.Abs(dx) - 0.2) * (Math.Abs(dx) - 0.2) + (dy + 0.05) * (dy + 0.05) < 0.012) pixel = [250, 250, 250];
                foreach (double channel in pixel) rows[at++] = (byte)Math.Clamp(channel + 6 * random.NextGaussian(), 0, 255);
            }
        }
        return Png(rows);
    }

    private static byte[] Png(byte[] rows)
    {
        using MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk(file, "IHDR"u8, [0, 0, 0, Size, 0, 0, 0, Size, 8, 2, 0, 0, 0]);
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(rows);
        Chunk(file, "IDAT"u8, packed.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> name, byte[] data)
    {
        byte[] word = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, data.Length);
        file.Write(word);
        byte[] body = [.. name, .. data];
        file.Write(body);
        uint crc = ~0u;
        foreach (byte one in body)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
        }
        BinaryPrimitives.WriteUInt32BigEndian(word, ~crc);
        file.Write(word);
    }
}
