using System.Security.Cryptography;
using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class GoldenDecodeTests
{
    private static readonly JsonElement Index = JsonDocument.Parse(File.ReadAllBytes(Golden.At("processors", "index.json"))).RootElement;
    private static readonly GoldenTensors Tensors = new(Golden.At("processors", "decode.safetensors"));

    public static TheoryData<string> Images() => [.. Index.GetProperty("decode").EnumerateObject().Select(entry => entry.Name)];

    public static TheoryData<string> Broken() => [.. Index.GetProperty("bad").EnumerateObject().Select(entry => entry.Name)];

    // sixteen-bit.png is Pillow's quirk (all white) and has its own test
    [Theory]
    [MemberData(nameof(Images))]
    public void ImagesDecodeAsTheReferenceDoes(string name)
    {
        JsonElement entry = Index.GetProperty("decode").GetProperty(name);
        if (entry.GetProperty("mode").GetString() == "I;16") return;
        bool isLossy = entry.GetProperty("format").GetString() == "JPEG" || name.Contains("lossy", StringComparison.Ordinal);
        int[] shape = [.. entry.GetProperty("shape_hwc").EnumerateArray().Select(size => size.GetInt32())];
        foreach ((AlphaPolicy policy, string kind) in ((AlphaPolicy, string)[])[(AlphaPolicy.Drop, "rgb"), (AlphaPolicy.OnWhite, "rgb_on_white")])
        {
            RgbImage image = ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", name)), ImageDecodeOptions.Opened with { Alpha = policy });
            Assert.Equal((shape[0], shape[1]), (image.Height, image.Width));
            if (Convert.ToHexStringLower(SHA256.HashData(image.Pixels)) == entry.GetProperty($"{kind}_sha256").GetString()) continue;
            Assert.True(isLossy, $"{name} ({policy}) decodes otherwise than the reference");
            if (kind == "rgb") AssertClose(Sampled(image, name), Tensors.Bytes(Tensors.Has($"{name}/rgb") ? $"{name}/rgb" : $"{name}/sample_rows"), name);
        }
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void BrokenFilesAreOneNamedError(string name)
    {
        byte[] bytes = File.ReadAllBytes(Golden.At("images", name));
        long before = GC.GetAllocatedBytesForCurrentThread();
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(bytes));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16 << 20, $"{name} took memory before it was refused");
        Assert.DoesNotContain('\n', error.Message);
        Assert.StartsWith("the image", error.Message);
    }

    // the whole image where the reference keeps it, else its first, middle and last row
    private static byte[] Sampled(RgbImage image, string name)
    {
        if (Tensors.Has($"{name}/rgb")) return image.Pixels;
        int length = image.Width * 3;
        return [.. ((int[])[0, image.Height / 2, image.Height - 1]).SelectMany(row => image.Pixels[(row * length)..((row + 1) * length)])];
    }

    private static void AssertClose(byte[] actual, byte[] expected, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        int[] differences = [.. expected.Zip(actual, (left, right) => Math.Abs(left - right))];
        TestContext.Current.SendDiagnosticMessage($"{name}: largest {differences.Max()}, mean {differences.Average():G3}");
        Assert.InRange(differences.Max(), 0, 3);
        Assert.InRange(differences.Average(), 0, 0.5);
    }
}
