using System.Buffers.Binary;
using CsCheck;

namespace SafeRlhfV.Core.Tests;

public sealed class ImageFramesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void FramesAreCounted(int frames)
    {
        Assert.Equal(frames, ImageFrames.Count(Gif(frames, 0)));
        Assert.Equal(frames, ImageFrames.Count(Gif(frames, 0x80)));
        Assert.Equal(frames, ImageFrames.Count(WebP(frames)));
        Assert.Equal(frames, ImageFrames.Count(Png(frames)));
    }

    [Fact]
    public void WhatIsNoAnimationHasOneFrame()
    {
        Assert.Equal(1, ImageFrames.Count(Png(0)));
        Assert.Equal(1, ImageFrames.Count([0xff, 0xd8, 0xff, 0xe0]));
        Assert.Equal(1, ImageFrames.Count([]));
    }

    [Fact]
    public void ABrokenFileIsNoCrash()
    {
        byte[][] files = [Gif(3, 0x80), WebP(3), Png(3)];
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 300], Gen.Byte, Gen.Int[1, 300]).Sample((which, at, value, length) =>
        {
            byte[] broken = [.. files[which].Take(length)];
            if (at < broken.Length) broken[at] = value;
            Assert.InRange(ImageFrames.Count(broken), 1, int.MaxValue);
        }, iter: 20_000);
    }

    // With a comment before each frame, and colours of its own where the flag says so.
    private static byte[] Gif(int frames, byte colours) =>
    [
        .. "GIF89a"u8, 2, 0, 2, 0, colours, 0, 0, .. new byte[colours == 0 ? 0 : 6],
        .. Enumerable.Range(0, frames).SelectMany(_ => (byte[])
            [0x21, 0xFE, 2, 0x2C, 0x2C, 0, 0x2C, 0, 0, 0, 0, 2, 0, 2, 0, colours, .. new byte[colours == 0 ? 0 : 6], 2, 3, 0x2C, 0x3B, 1, 0]),
        0x3B,
    ];

    private static byte[] WebP(int frames) =>
    [
        .. "RIFF"u8, 0, 0, 0, 0, .. "WEBPVP8X"u8, 10, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 1, 0, 0, .. "ANIM"u8, 6, 0, 0, 0, .. new byte[6],
        .. Enumerable.Range(0, frames).SelectMany(_ => (byte[])[.. "ANMF"u8, 3, 0, 0, 0, 1, 2, 3, 0]),
    ];

    private static byte[] Png(int frames)
    {
        byte[] head = new byte[13];
        head[3] = head[7] = 2;
        head[8] = 8;
        List<byte> bytes = [0x89, .. "PNG\r\n\x1a\n"u8, .. Chunk("IHDR"u8, head)];
        if (frames > 1)
        {
            byte[] control = new byte[8];
            BinaryPrimitives.WriteInt32BigEndian(control, frames);
            bytes.AddRange(Chunk("acTL"u8, control));
        }
        bytes.AddRange(Chunk("IDAT"u8, [1, 2, 3]));
        return [.. bytes];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> name, byte[] content)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        return [.. length, .. name, .. content, 0, 0, 0, 0];
    }
}
