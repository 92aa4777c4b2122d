using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RecipePlanTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static string Root => Path.Combine(Golden.RepositoryRoot(), "recipes");

    private static long Card => DeviceMemory.OfCard("h100-80gb");

    private static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateDirectories(Root, "*-7b").SelectMany(folder => Directory.EnumerateFiles(folder, pattern));

    [Fact]
    public void EveryRecipeForOneGpuFitsOnOneOf80Gb()
    {
        string[] files = [.. Files("*-one-gpu.yaml")];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            MemoryPlan plan = RecipePlan.ByLimits(RecipeReader.Load(file)).Memory;
            Assert.True(plan.TotalBytes <= Card, $"{file}: {MemoryPlan.Size(plan.TotalBytes)}");
            Assert.True(plan.TotalBytes > 14L << 30, $"{file}: {MemoryPlan.Size(plan.TotalBytes)} is less than the weights");
        }
    }

    [Fact]
    public void SixModelsOnOneGpuAreRefusedWithSettingsThatHelp()
    {
        string[] files = [.. Files("ppo.yaml")];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            RecipePlan plan = RecipePlan.ByLimits(RecipeReader.Load(file));
            IReadOnlyList<string> changes = plan.ChangesToFit(Card)!;
            Assert.Contains("model.sharing=backbone", changes);
            string message = Assert.Throws<InvalidInputException>(() => plan.Demand(Card)).Message;
            Assert.Contains($"--set {string.Join(" --set ", changes)}", message);
            RecipePlan.ByLimits(RecipeReader.Load(file, [.. changes])).Demand(Card);
        }
    }

    [Fact]
    public void NoSettingIsNamedWhereNoneHelps()
    {
        RecipePlan plan = RecipePlan.ByLimits(RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", "sft-one-gpu.yaml")));
        Assert.Null(plan.ChangesToFit(4L << 30));
        Assert.Contains("no setting makes it fit", Assert.Throws<InvalidInputException>(() => plan.Demand(4L << 30)).Message);
        Assert.Empty(plan.ChangesToFit(plan.Memory.TotalBytes)!);
    }

    [Theory]
    [InlineData("sft.yaml", "training.micro_batch_size=8", "training.micro_batch_size=2")]
    [InlineData("sft.yaml", "training.gradient_checkpointing=false", "training.gradient_checkpointing=true")]
    [InlineData("sft.yaml", "training.vision_cache_bytes=4GiB", "training.vision_cache_bytes=0")]
    [InlineData("sft.yaml", "training.optimizer.offload=false", "training.optimizer.offload=true")]
    [InlineData("sft.yaml", "training.micro_batch_tokens=16384", "training.micro_batch_tokens=4096")]
    [InlineData("dpo-h.yaml", "model.dtype=bfloat16", "model.lora.rank=16")]
    [InlineData("ppo-one-gpu.yaml", "training.rollout_micro_batch=16", "training.rollout_micro_batch=4")]
    [InlineData("ppo-one-gpu.yaml", "training.rollout_micro_batch=16", "training.rollout_cache_bytes=4GiB")]
    [InlineData("ppo-one-gpu.yaml", "training.ptx_batch=8", "training.ptx_coefficient=0")]
    [InlineData("ppo-one-gpu.yaml", "training.ptx_batch=8", "training.ptx_batch=2")]
    [InlineData("ppo-one-gpu.yaml", "training.micro_batch=16", "training.micro_batch=8")]
    [InlineData("ppo-one-gpu.yaml", "training.micro_batch=16", "training.micro_batch=1")]
    [InlineData("ppo-one-gpu.yaml", "model.lora.rank=64", "model.lora.rank=16")]
    public void EverySettingThatSavesMemoryIsSeen(string file, string more, string less)
    {
        long Total(string set) => RecipePlan.ByLimits(RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", file), [set])).Memory.TotalBytes;
        Assert.True(Total(more) > Total(less));
    }

    [Fact]
    public void DataAtHandShowsThatTextsAreShorterThanTheLimits()
    {
        Recipe recipe = tiny.Recipe("ppo-backbone", "run");
        Assert.True(RecipePlan.ByData(recipe).Memory.TotalBytes < RecipePlan.ByLimits(recipe).Memory.TotalBytes / 2);
    }

    [Fact]
    public void ModelsOfTheHubAreKnownAndOthersAreNot()
    {
        Dictionary<string, long> parameters = new()
        {
            ["llava-1.5-7b"] = 7_063_427_072,
            ["llava-next-7b"] = 7_566_747_648,
            ["qwen2-vl-7b"] = 8_291_375_616,
            ["qwen2.5-vl-7b"] = 8_292_166_656,
        };
        foreach ((string family, long count) in parameters) Assert.Equal(count, RecipePlan.ByLimits(RecipeReader.Load(Path.Combine(Root, family, "sft.yaml"))).Parameters);
        Recipe unknown = RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", "sft.yaml"), ["model.folder=models/nowhere"]);
        Assert.Contains("llava-1.5-7b-hf", Assert.Throws<InvalidInputException>(() => RecipePlan.ByLimits(unknown)).Message);
        Assert.Contains("merge it first", Assert.Throws<InvalidInputException>(() => RecipePlan.ByData(tiny.Recipe("sft", "run", $"model.folder={tiny.At("reward-adapter")}"))).Message);
    }
}
