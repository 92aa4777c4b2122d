using System.Buffers.Binary;

namespace SafeRlhfV.Core;

/// <summary>Counts the frames of an image's file by its blocks, without decoding any.</summary>
public static class ImageFrames
{
    /// <summary>The number of frames of a GIF, WebP or PNG (APNG); 1 for whatever is not animated. Of a broken file, those before the fault.</summary>
    public static int Count(ReadOnlySpan<byte> bytes) => Math.Max(1, ImageHeader.Read(bytes)?.Format switch
    {
        "GIF" => OfGif(bytes),
        "WEBP" => OfWebP(bytes),
        "PNG" => OfPng(bytes),
        _ => 1,
    });

    private static int OfGif(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        long at = 13 + TableSize(bytes[10]);
        while (at < bytes.Length)
        {
            switch (bytes[(int)at])
            {
                case 0x2C when at + 10 < bytes.Length:
                    count++;
                    at = SkipBlocks(bytes, at + 11 + TableSize(bytes[(int)at + 9])); // the descriptor, its colours, and how many bits a code begins with
                    break;
                case 0x21: at = SkipBlocks(bytes, at + 2); break;
                default: return count;
            }
        }
        return count;
    }

    private static int TableSize(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    private static long SkipBlocks(ReadOnlySpan<byte> bytes, long at)
    {
        while (at < bytes.Length && bytes[(int)at] != 0) at += 1 + bytes[(int)at];
        return at + 1;
    }

    private static int OfWebP(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        for (long at = 12; at + 8 <= bytes.Length;)
        {
            ReadOnlySpan<byte> head = bytes[(int)at..];
            if (head.StartsWith("ANMF"u8)) count++;
            long length = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
            at += 8 + length + (length & 1);
        }
        return count;
    }

    private static int OfPng(ReadOnlySpan<byte> bytes)
    {
        int stated = 0, found = 0;
        foreach (PngChunks chunk in new PngChunks(bytes))
        {
            // a single frame may be shown in place of the image itself
            if (chunk.Kind.SequenceEqual("acTL"u8))
                stated = (int)Math.Clamp(chunk.Content.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(chunk.Content), 2, int.MaxValue);
            if (chunk.Kind.SequenceEqual("fcTL"u8)) found++;
        }
        return Math.Max(stated, found);
    }
}
