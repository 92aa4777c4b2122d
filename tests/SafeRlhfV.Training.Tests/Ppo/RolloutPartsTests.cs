using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RolloutPartsTests
{
    [Fact]
    public void PartsKeepTheOrderAndTheBudget()
    {
        static long Bytes(long tokens) => 8 * tokens;
        RandomStream random = new(3, "prompts");
        EncodedSample[] prompts = [.. Enumerable.Range(0, 40).Select(_ => new EncodedSample(new int[1 + random.NextInt(90)], [], null))];
        PpoSettings settings = new() { MaxNewTokens = 10, RolloutCacheBytes = 4000 };
        EncodedSample[][] parts = [.. RolloutParts.Of(prompts, settings, Bytes)];
        Assert.Equal(prompts, parts.SelectMany(part => part));
        Assert.All(parts, part => Assert.True(part.Length == 1 || 8 * part.Length * (part.Max(one => one.Prompt.Length) + 10) <= 4000));
        Assert.Contains(parts, part => part.Length > 3);
        Assert.All(RolloutParts.Of(prompts, settings with { RolloutMicroBatch = 2 }, Bytes), part => Assert.InRange(part.Length, 1, 2));
        Assert.Equal(40, RolloutParts.Of(prompts, settings with { RolloutCacheBytes = 1 }, Bytes).Count());
        Assert.Equal(prompts.Chunk(16), RolloutParts.Of(prompts, new PpoSettings { RolloutMicroBatch = 16 }, Bytes));
        Assert.Single(RolloutParts.Of(prompts, new PpoSettings(), Bytes));
    }

    [Fact]
    public void ARowsBytesAreThoseOfThePlan()
    {
        foreach (string name in (string[])["llava-1.5-tiny", "llava-1.5-tiny-gqa", "qwen2-vl-tiny", "gemma3-tiny"])
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", name));
            bool half = model.Decoder.Embedding.Weight.element_size() == 2;
            foreach (long tokens in (long[])[1, 7, 1000])
                Assert.Equal(MemoryPlanner.CacheBytesOfRow(ModelShape.Of(model.Config), half, tokens), RolloutParts.BytesOfRow(model)(tokens));
        }
    }
}
