using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

/// <summary>What the tests of image processors share: the reference's index, its images, hashes, small configurations.</summary>
internal static class GoldenPictures
{
    public static JsonElement Index { get; } = JsonDocument.Parse(File.ReadAllBytes(Golden.At("processors", "index.json"))).RootElement;

    public static RgbImage Decode(string name, ImageDecodeOptions? options = null) => ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", name)),
        options);

    /// <summary>An image as the processors' cases start from it: laid on white; and whether its decoding is the reference's to the bit.</summary>
    public static (RgbImage Image, bool IsExact) OnWhite(string name)
    {
        RgbImage image = Decode(name, ImageDecodeOptions.Opened);
        return (image, Hash(image.Pixels) == Index.GetProperty("decode").GetProperty(name).GetProperty("rgb_on_white_sha256").GetString());
    }

    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static string Hash(ReadOnlySpan<float> values) => Hash(MemoryMarshal.AsBytes(values));

    public static ConfigReader Json(string json) => ConfigReader.Parse(System.Text.Encoding.UTF8.GetBytes(json), "preprocessor_config.json");

    /// <summary>An image of random pixels; its third number seeds them.</summary>
    public static RgbImage Noise((int Width, int Height, int Seed) size)
    {
        byte[] pixels = new byte[size.Width * size.Height * 3];
        new Random(size.Seed).NextBytes(pixels);
        return new RgbImage(size.Width, size.Height, pixels);
    }
}
