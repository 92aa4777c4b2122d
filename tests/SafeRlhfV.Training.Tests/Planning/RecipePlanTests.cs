using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RecipePlanTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static string Root => Path.Combine(Golden.RepositoryRoot(), "recipes");

    private static long Card => GpuCard.Find("h100-80gb").UsableBytes;

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

    [Theory]
    [InlineData("llava-1.5-7b", "h100-80gb", 2)] // stored as float16, which is trained in bfloat16
    [InlineData("llava-1.5-7b", "v100-32gb", 4)] // or in float32 where there is no bfloat16
    [InlineData("qwen2-vl-7b", "v100-32gb", 2)] // bfloat16 stays bfloat16
    public void TheTypeIsTheOneThatTheCardTrainsIn(string family, string card, int bytes)
    {
        Recipe recipe = RecipeReader.Load(Path.Combine(Root, family, "sft.yaml"), ["model.dtype="]);
        RecipePlan plan = RecipePlan.ByLimits(recipe, GpuCard.Find(card));
        Assert.Equal(bytes * plan.Parameters, plan.Memory.Parts.Single(part => part.Name == "weights").Bytes);
    }

    [Fact]
    public void OffloadedStatesAreCountedInHostMemory()
    {
        RecipePlan Plan(string file, params string[] sets) => RecipePlan.ByLimits(RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", file), sets));
        foreach ((string file, string[] off, string[] on) in ((string, string[], string[])[])
            [("sft.yaml", ["training.optimizer.offload=false"], ["training.optimizer.offload=true"]),
             ("ppo.yaml", ["training.actor.offload=false", "training.critics.offload=false"], ["training.actor.offload=true", "training.critics.offload=true"])])
        {
            MemoryPlan without = Plan(file, off).Memory, with = Plan(file, on).Memory;
            long State(MemoryPlan plan) => plan.Parts.Single(part => part.Name.StartsWith("optimizer", StringComparison.Ordinal)).Bytes;
            Assert.Equal(State(without), with.HostBytes - without.HostBytes);
            Assert.Contains("host memory: optimizer", string.Join('\n', with.Lines));
            Assert.DoesNotContain("host memory: optimizer", string.Join('\n', without.Lines));
        }
    }

    [Fact]
    public void TooLittleHostMemoryIsRefused()
    {
        RecipePlan plan = RecipePlan.ByLimits(RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", "sft.yaml"), ["training.optimizer.offload=true"]));
        plan.Demand(plan.Memory.TotalBytes, plan.Memory.HostBytes);
        plan.Demand(plan.Memory.TotalBytes);
        string message = Assert.Throws<InvalidInputException>(() => plan.Demand(plan.Memory.TotalBytes, plan.Memory.HostBytes - 1)).Message;
        Assert.Contains("of host memory", message);
        Assert.Contains("offload", message);
        // offloading is not proposed where the host cannot hold the states
        RecipePlan whole = RecipePlan.ByLimits(RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", "sft.yaml"), ["training.optimizer.offload=false"]));
        Assert.Contains(whole.ChangesToFit(60L << 30)!, change => change.Contains("offload", StringComparison.Ordinal));
        Assert.DoesNotContain(whole.ChangesToFit(60L << 30, 16L << 30)!, change => change.Contains("offload", StringComparison.Ordinal));
    }

    [Fact]
    public void ThePlanForTheCpuNamesNoHostMemoryApart() => Assert.Empty(RecipePlan.ByData(tiny.Recipe("sft", "run")).Memory.Host);

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
