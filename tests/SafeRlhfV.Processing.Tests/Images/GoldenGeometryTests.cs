using System.Text.Json;

namespace SafeRlhfV.Processing.Tests;

public sealed class GoldenGeometryTests
{
    [Fact]
    public void SmartResizeChoosesTheReferencesSizes()
    {
        foreach (JsonElement entry in Cases("smart_resize"))
        {
            (int height, int width) = Pair(entry, "hw");
            if (entry.GetProperty("resized_hw").ValueKind != JsonValueKind.Array) // an error in the reference
            {
                Assert.Throws<InvalidInputException>(() => ImageSizes.Smart(height, width, 28, 3136, 1003520));
                continue;
            }
            Assert.Equal(Pair(entry, "resized_hw"),
                ImageSizes.Smart(height, width, entry.GetProperty("factor").GetInt32(), entry.GetProperty("min_pixels").GetInt64(),
                    entry.GetProperty("max_pixels").GetInt64()));
        }
    }

    [Fact]
    public void AnyResolutionChoosesTheReferencesSizesAndTokens()
    {
        (int Height, int Width)[] pinpoints = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)];
        foreach (JsonElement entry in Cases("llava_next"))
        {
            (int height, int width) = Pair(entry, "hw");
            (int bestHeight, int bestWidth) = AnyResolution.BestResolution(height, width, pinpoints);
            Assert.Equal(Pair(entry, "best_hw"), (bestHeight, bestWidth));
            Assert.Equal(Pair(entry, "resized_hw"), ImageSizes.Inside(height, width, bestHeight, bestWidth));
            Assert.Equal(entry.GetProperty("tiles").GetInt32(), AnyResolution.Tiles(height, width, pinpoints, 336));
            Assert.Equal(entry.GetProperty("image_tokens_vit_l_14_336").GetInt32(), new TileGrid(336, 24, pinpoints).Tokens(height, width));
        }
    }

    [Fact]
    public void TheShortestEdgeGivesTheReferencesSizes()
    {
        foreach (JsonElement entry in Cases("shortest_edge"))
        {
            (int height, int width) = Pair(entry, "hw");
            Assert.Equal(Pair(entry, "resized_hw"), ImageSizes.ShortestEdge(height, width, entry.GetProperty("size").GetInt32()));
        }
    }

    private static JsonElement.ArrayEnumerator Cases(string kind)
    {
        JsonElement cases = GoldenPictures.Index.GetProperty("geometry").GetProperty(kind);
        Assert.NotEqual(0, cases.GetArrayLength());
        return cases.EnumerateArray();
    }

    private static (int, int) Pair(JsonElement entry, string name) => (entry.GetProperty(name)[0].GetInt32(), entry.GetProperty(name)[1].GetInt32());
}
