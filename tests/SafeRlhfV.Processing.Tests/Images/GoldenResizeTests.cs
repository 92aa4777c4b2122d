using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

public sealed class GoldenResizeTests
{
    private static readonly GoldenTensors Tensors = new(Golden.At("processors", "resize.safetensors"));

    [Fact]
    public void EveryResizedImageIsTheReferencesToTheBit()
    {
        Dictionary<string, (RgbImage Image, bool IsExact)> sources = [];
        List<string> wrong = [];
        int exact = 0;
        foreach (JsonElement entry in GoldenPictures.Index.GetProperty("resize").EnumerateArray())
        {
            string image = entry.GetProperty("image").GetString()!;
            if (!sources.TryGetValue(image, out (RgbImage Image, bool IsExact) source)) sources[image] = source = Source(image);
            ResampleFilter filter = Enum.Parse<ResampleFilter>(entry.GetProperty("filter").GetString()!, ignoreCase: true);
            RgbImage resized = Resampler.Resize(source.Image, entry.GetProperty("size_wh")[0].GetInt32(), entry.GetProperty("size_wh")[1].GetInt32(), filter);
            if (!source.IsExact) continue;
            exact++;
            if (GoldenPictures.Hash(resized.Pixels) != entry.GetProperty("sha256").GetString()) wrong.Add(entry.ToString());
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.True(exact > 100, $"only {exact} images could be compared");
    }

    private static (RgbImage, bool) Source(string image)
    {
        string key = image.Split(' ')[0];
        if (Tensors.Has(key)) return (new RgbImage(Tensors.Shape(key)[1], Tensors.Shape(key)[0], Tensors.Bytes(key)), true);
        RgbImage picture = GoldenPictures.Decode(image, new ImageDecodeOptions { Alpha = AlphaPolicy.Drop });
        return (picture, GoldenPictures.Hash(picture.Pixels)
            == GoldenPictures.Index.GetProperty("decode").GetProperty(image).GetProperty("rgb_sha256").GetString());
    }
}
