using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class RecipePlanTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static string Root => Path.Combine(Golden.RepositoryRoot(), "recipes");

    private static long Card => GpuCard.Find("h100-80gb").UsableBytes;

    public static TheoryData<string> ReleasedModels => [.. KnownModels.Names];

    /// <summary>Of N ranks each has the weights and the gradients whole, 1/N of the optimizer's states, and 1/N of a batch that is not cut.</summary>
    [Theory]
    [InlineData("sft")]
    [InlineData("ppo")]
    public void ARankTakesItsShareOfTheOptimizer(string file)
    {
        MemoryPlan one = RecipePlan.ByLimits(Load("paper", file, "llava-1.5-7b-hf")).Memory;
        MemoryPlan four = RecipePlan.ByLimits(Load("paper", file, "llava-1.5-7b-hf"), ranks: 4).Memory;
        long Of(MemoryPlan plan, string part) => plan.Parts.First(other => other.Name.StartsWith(part, StringComparison.Ordinal)).Bytes;
        Assert.Equal(Of(one, "weights"), Of(four, "weights"));
        Assert.Equal(Of(one, "optimizer") / 4.0, Of(four, "optimizer"), 16.0);
        Assert.DoesNotContain(one.Parts, part => part.Name.StartsWith("exchange", StringComparison.Ordinal));
        Assert.True(Of(four, "exchange") > 0);
        Assert.True(four.TotalBytes < one.TotalBytes);
    }

    /// <summary>Score models on servers are freed before the first round; those of critics, and such as score themselves, stay.</summary>
    [Theory]
    [InlineData("ppo", 6, 4)]
    [InlineData("grpo", 4, 2)]
    public void ScoreModelsOnServersAreNotHeld(string trainer, int before, int after)
    {
        string[] servers = ["scoring.reward.endpoints=[http://127.0.0.1:1]", "scoring.cost.endpoints=[http://127.0.0.1:1]"];
        MemoryPlan Plan(params string[] sets) => RecipePlan.ByLimits(Load("paper", trainer, "llava-1.5-7b-hf", sets)).Memory;
        long Weights(MemoryPlan plan, int models) => plan.Parts.Single(part => part.Name == $"weights of {models} models").Bytes;
        MemoryPlan own = Plan(), served = Plan(servers), kept = Plan([.. servers, "scoring.retokenised=own"]);
        Assert.Equal(Weights(own, before) * after, Weights(served, after) * before);
        Assert.Equal(own.TotalBytes, kept.TotalBytes);
        Assert.True(served.TotalBytes < own.TotalBytes);
        // at the start they are there, before the optimizer's states are
        Assert.Contains(served.Parts, part => !part.AtOnce && part.Name.StartsWith("2 score models to compare servers with", StringComparison.Ordinal));
        double Seconds(params string[] sets) => RecipePlan.ByLimits(Load("paper", trainer, "llava-1.5-7b-hf", sets))
            .Time(GpuCard.Find("h100-80gb"))!.SecondsOfUnit;
        Assert.True(Seconds(servers) < Seconds());
    }

    /// <summary>Features are kept of the images that a run draws: few rounds, or steps, keep few.</summary>
    [Theory]
    [InlineData("sft", "training.max_steps=", 1, "training.batch_size=8")]
    [InlineData("ppo", "training.rounds=", 1, "training.rollout_batch=8", "training.mini_batch=8", "training.ptx_coefficient=0")]
    [InlineData("ppo", "training.rounds=", 3, "training.rollout_batch=8", "training.mini_batch=8", "training.ptx_coefficient=0.1", "training.ptx_batch=16")]
    [InlineData("grpo", "training.rounds=", 1, "training.rollout_batch=8", "training.mini_batch=8", "training.ptx_coefficient=0")]
    [InlineData("grpo", "training.rounds=", 4, "training.rollout_batch=8", "training.mini_batch=8", "training.ptx_coefficient=0", "training.resample=3")]
    public void FeaturesAreKeptOfTheImagesThatAreDrawn(string file, string limit, int times, params string[] sets)
    {
        long Kept(int rounds) => RecipePlan.ByLimits(Load("paper", file, "llava-1.5-7b-hf",
            [.. sets, $"{limit}{rounds}", "training.vision_cache_bytes=1000GiB"])).Memory.Parts.Single(part => part.Name == "vision features kept").Bytes;
        const long One = 576 * 1024 * 2;
        Assert.Equal(times * 8 * One, Kept(1));
        Assert.Equal(times * 8 * One * 5, Kept(5));
    }

    private static Recipe Load(string set, string trainer, string model, params string[] sets) =>
        RecipeReader.Load(Path.Combine(Root, set, $"{trainer}.yaml"), sets, variables: new($"models/{model}", model));

    private static IEnumerable<string> Trainers(string set) =>
        Directory.EnumerateFiles(Path.Combine(Root, set)).Select(file => Path.GetFileNameWithoutExtension(file));

    [Theory, MemberData(nameof(ReleasedModels))]
    public void EveryRecipeIsPlannedForEveryReleasedModel(string model)
    {
        foreach (string set in (string[])["paper", "one-gpu"])
        {
            Assert.NotEmpty(Trainers(set));
            foreach (string trainer in Trainers(set))
            {
                RecipePlan plan = RecipePlan.ByLimits(Load(set, trainer, model));
                string place = $"{set}/{trainer} of {model}: {MemoryPlan.Size(plan.Memory.TotalBytes)}";
                Assert.True(plan.Memory.TotalBytes > 2 * plan.Parameters, $"{place} is less than the weights");
                // models of up to nine billion parameters fit; a larger one fits or is refused
                if (set == "one-gpu" && plan.Memory.TotalBytes > Card)
                {
                    Assert.True(plan.Parameters > 10_000_000_000, place);
                    Assert.Contains(MemoryPlan.Size(Card), Assert.Throws<InvalidInputException>(() => plan.Demand(Card)).Message);
                }
                Assert.True(plan.Time(GpuCard.Find("h100-80gb"))!.Lines.Count > 0, place);
            }
        }
    }

    [Theory, MemberData(nameof(ReleasedModels))]
    public void WhatDoesNotFitOnOneGpuIsRefusedWithSettingsThatHelp(string model)
    {
        RecipePlan plan = RecipePlan.ByLimits(Load("paper", "ppo", model));
        if (plan.Memory.TotalBytes <= Card)
        {
            Assert.True(plan.Parameters < 3_000_000_000, $"{model}: {MemoryPlan.Size(plan.Memory.TotalBytes)}");
            return;
        }
        if (plan.ChangesToFit(Card) is not { } changes)
        {
            Assert.True(2 * plan.Parameters > 0.9 * Card, $"{model}: its weights leave room for the rest");
            Assert.Contains("no setting makes it fit", Assert.Throws<InvalidInputException>(() => plan.Demand(Card)).Message);
            return;
        }
        if (plan.Parameters > 7_000_000_000) Assert.Contains("model.sharing=backbone", changes);
        string message = Assert.Throws<InvalidInputException>(() => plan.Demand(Card)).Message;
        Assert.Contains($"--set {string.Join(" --set ", changes)}", message);
        RecipePlan.ByLimits(Load("paper", "ppo", model, [.. changes])).Demand(Card);
    }

    [Fact]
    public void NoSettingIsNamedWhereNoneHelps()
    {
        RecipePlan plan = RecipePlan.ByLimits(Load("one-gpu", "sft", "llava-1.5-7b-hf"));
        Assert.Null(plan.ChangesToFit(4L << 30));
        Assert.Contains("no setting makes it fit", Assert.Throws<InvalidInputException>(() => plan.Demand(4L << 30)).Message);
        Assert.Empty(plan.ChangesToFit(plan.Memory.TotalBytes)!);
    }

    [Theory]
    [InlineData("paper/sft", "training.micro_batch_size=8", "training.micro_batch_size=2")]
    [InlineData("paper/sft", "training.gradient_checkpointing=false", "training.gradient_checkpointing=true")]
    [InlineData("paper/sft", "training.vision_cache_bytes=4GiB", "training.vision_cache_bytes=0")]
    [InlineData("paper/sft", "training.optimizer.offload=false", "training.optimizer.offload=true")]
    [InlineData("paper/sft", "training.micro_batch_tokens=16384", "training.micro_batch_tokens=4096")]
    [InlineData("paper/dpo", "model.dtype=bfloat16", "model.lora.rank=16")]
    [InlineData("one-gpu/ppo", "training.rollout_micro_batch=16", "training.rollout_micro_batch=4")]
    [InlineData("one-gpu/ppo", "training.rollout_micro_batch=16", "training.rollout_cache_bytes=4GiB")]
    [InlineData("one-gpu/ppo", "training.ptx_batch=8", "training.ptx_coefficient=0")]
    [InlineData("one-gpu/ppo", "training.ptx_batch=8", "training.ptx_batch=2")]
    [InlineData("one-gpu/ppo", "training.micro_batch=16", "training.micro_batch=8")]
    [InlineData("one-gpu/ppo", "training.micro_batch=16", "training.micro_batch=1")]
    [InlineData("one-gpu/ppo", "model.lora.rank=64", "model.lora.rank=16")]
    [InlineData("one-gpu/ppo", "model.lora.modules_to_save=[lm_head]", "model.lora.modules_to_save=[]")]
    public void EverySettingThatSavesMemoryIsSeen(string file, string more, string less)
    {
        long Total(string set) => RecipePlan.ByLimits(Load(file.Split('/')[0], file.Split('/')[1], "llava-1.5-7b-hf", set)).Memory.TotalBytes;
        Assert.True(Total(more) > Total(less));
    }

    [Theory]
    [InlineData("llava-1.5-7b-hf", "h100-80gb", 2)] // stored as float16, which is trained in bfloat16
    [InlineData("llava-1.5-7b-hf", "v100-32gb", 4)] // or in float32 where there is no bfloat16
    [InlineData("Qwen2-VL-7B-Instruct", "v100-32gb", 2)] // bfloat16 stays bfloat16
    public void TheTypeIsTheOneThatTheCardTrainsIn(string model, string card, int bytes)
    {
        Recipe recipe = Load("paper", "sft", model, "model.dtype=");
        RecipePlan plan = RecipePlan.ByLimits(recipe, GpuCard.Find(card));
        Assert.Equal(bytes * plan.Parameters, plan.Memory.Parts.Single(part => part.Name == "weights").Bytes);
    }

    [Theory]
    [InlineData("reward", "llava-1.5-7b-hf", 2)] // scores read neither the output matrix nor more than some rows of the table
    [InlineData("sft", "llava-1.5-7b-hf", 1)]
    [InlineData("reward", "Qwen2-VL-2B-Instruct", 1)] // one matrix is both
    [InlineData("sft", "Qwen2-VL-2B-Instruct", 0)]
    public void MappedWeightsThatNoPassReadsAreNotCounted(string trainer, string model, int tables)
    {
        Recipe recipe = Load("paper", trainer, model, "model.device=cpu", "model.lora.rank=16", "model.dtype=");
        ModelShape shape = ModelShape.Of(KnownModels.Find(model)!);
        long Weights(ScalarType? stored) => recipe.Trainer.Memory(recipe, new PlanInputs(shape, 2) { Stored = stored })
            .Parts.Single(part => part.Name == "weights").Bytes;
        Assert.Equal(2 * shape.Parameters, Weights(null));
        Assert.Equal(2 * shape.Parameters, Weights(ScalarType.Float16)); // converted while loading
        Assert.Equal(2 * (shape.Parameters - (tables * (long)shape.Text.VocabularySize * shape.Text.HiddenSize)), Weights(ScalarType.BFloat16));
    }

    [Fact]
    public void AdaptersOfScoresAreCountedWithTheirOwnRanks()
    {
        string policy = Golden.At("models", "llava-1.5-tiny");
        using TemporaryFolder temporary = new();
        using VisionLanguageModel model = ModelCheckpoint.Load(policy);
        foreach ((string name, int rank) in new[] { ("small", 1), ("other", 1), ("large", 9) })
            model.Adapters.Create(name, new LoraRecipe { Rank = rank }.ToConfig(policy), 1).Save(temporary.At(name, "result"));
        MemoryPlan Plan(string reward, string cost) => RecipePlan.ByLimits(Load("one-gpu", "ppo", "a", "model.lora.rank=4", $"model.policy={policy}",
            $"model.reward={temporary.At(reward)}", $"model.cost={temporary.At(cost)}")).Memory;
        long Of(MemoryPlan plan, string name) => plan.Parts.Single(part => part.Name == name).Bytes;
        long more = model.Adapters["large"].Parameters.Sum(one => one.numel()) - model.Adapters["small"].Parameters.Sum(one => one.numel());
        MemoryPlan mixed = Plan("large", "small"), small = Plan("other", "small");
        // a score, and the critic that starts from it
        Assert.Equal(4 * 2 * more, Of(mixed, "5 adapters") - Of(small, "5 adapters"));
        Assert.Equal(8 * more, Of(mixed, "optimizer") - Of(small, "optimizer"));
    }

    [Fact]
    public void CalibrationOfScoresIsCounted()
    {
        MemoryPart? Calibration(params string[] sets) => RecipePlan.ByLimits(Load("one-gpu", "ppo", "llava-1.5-7b-hf", sets)).Memory.Parts
            .SingleOrDefault(part => part.Name.StartsWith("calibration", StringComparison.Ordinal));
        Assert.Null(Calibration("training.calibration_rows=0"));
        // both answers of a mini-batch of pairs
        MemoryPart few = Calibration("training.calibration_rows=1000", "training.mini_batch=4")!;
        MemoryPart many = Calibration("training.calibration_rows=1000", "training.mini_batch=8")!;
        Assert.Contains("8 answers", few.Name);
        Assert.Contains("16 answers", many.Name);
        Assert.True(many.Bytes > few.Bytes && few.Bytes > 0);
    }

    [Fact]
    public void OffloadedStatesAreCountedInHostMemory()
    {
        RecipePlan Plan(string file, params string[] sets) => RecipePlan.ByLimits(Load("paper", file, "llava-1.5-7b-hf", sets));
        foreach ((string file, string[] off, string[] on) in ((string, string[], string[])[])
            [("sft", ["training.optimizer.offload=false"], ["training.optimizer.offload=true"]),
             ("ppo", ["training.actor.offload=false", "training.critics.offload=false"], ["training.actor.offload=true", "training.critics.offload=true"])])
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
        RecipePlan plan = RecipePlan.ByLimits(Load("paper", "sft", "llava-1.5-7b-hf", ["training.optimizer.offload=true"]));
        plan.Demand(plan.Memory.TotalBytes, plan.Memory.HostBytes);
        plan.Demand(plan.Memory.TotalBytes);
        string message = Assert.Throws<InvalidInputException>(() => plan.Demand(plan.Memory.TotalBytes, plan.Memory.HostBytes - 1)).Message;
        Assert.Contains("of host memory", message);
        Assert.Contains("offload", message);
        // offloading is not proposed where the host cannot hold the states
        RecipePlan whole = RecipePlan.ByLimits(Load("paper", "sft", "llava-1.5-7b-hf", ["training.optimizer.offload=false"]));
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
        // as the hub counts them
        Dictionary<string, long> parameters = new()
        {
            ["llava-1.5-7b-hf"] = 7_063_427_072,
            ["llava-v1.6-mistral-7b-hf"] = 7_566_747_648,
            ["Qwen2-VL-2B-Instruct"] = 2_208_985_600,
            ["Qwen2-VL-7B-Instruct"] = 8_291_375_616,
            ["Qwen2.5-VL-3B-Instruct"] = 3_754_622_976,
            ["Qwen2.5-VL-7B-Instruct"] = 8_292_166_656,
            ["Qwen3-VL-2B-Instruct"] = 2_127_532_032,
            ["Qwen3-VL-4B-Instruct"] = 4_437_815_808,
            ["Qwen3-VL-8B-Instruct"] = 8_767_123_696,
        };
        // as their cards round them
        Dictionary<string, double> billions = new()
        {
            ["llava-onevision-qwen2-0.5b-si-hf"] = 0.894,
            ["llava-onevision-qwen2-0.5b-ov-hf"] = 0.894,
            ["llava-onevision-qwen2-7b-si-hf"] = 8.03,
            ["llava-onevision-qwen2-7b-ov-hf"] = 8.03,
            ["llava-onevision-qwen2-7b-ov-chat-hf"] = 8.03,
            ["llava-onevision-qwen2-72b-si-hf"] = 73.2,
            ["llava-onevision-qwen2-72b-ov-hf"] = 73.2,
            ["llava-onevision-qwen2-72b-ov-chat-hf"] = 73.2,
            ["gemma-3-4b-pt"] = 4.30,
            ["gemma-3-4b-it"] = 4.30,
            ["gemma-3-12b-pt"] = 12.2,
            ["gemma-3-12b-it"] = 12.2,
            ["gemma-3-27b-pt"] = 27.4,
            ["gemma-3-27b-it"] = 27.4,
            ["shieldgemma-2-4b-it"] = 4.30,
            ["InternVL3-1B-hf"] = 0.938,
            ["InternVL3-2B-hf"] = 2.09,
            ["InternVL3-8B-hf"] = 7.94,
            ["InternVL3-14B-hf"] = 15.1,
            ["InternVL3-38B-hf"] = 38.4,
            ["InternVL3-78B-hf"] = 78.4,
            ["InternVL3_5-1B-HF"] = 1.06,
            ["InternVL3_5-2B-HF"] = 2.35,
            ["InternVL3_5-4B-HF"] = 4.73,
            ["InternVL3_5-8B-HF"] = 8.53,
            ["InternVL3_5-14B-HF"] = 15.1,
            ["InternVL3_5-38B-HF"] = 38.4,
            ["Qwen2-VL-72B-Instruct"] = 73.4,
            ["Qwen2.5-VL-32B-Instruct"] = 33.5,
            ["Qwen2.5-VL-72B-Instruct"] = 73.4,
            ["Qwen3-VL-32B-Instruct"] = 33.4,
        };
        Assert.Equal(parameters.Keys.Concat(billions.Keys).Order(), KnownModels.Names.Order());
        foreach ((string model, double about) in billions)
            Assert.InRange(RecipePlan.ByLimits(Load("paper", "sft", model)).Parameters / 1e9, about * 0.99, about * 1.01);
        foreach ((string model, long count) in parameters) Assert.Equal((model, count), (model, RecipePlan.ByLimits(Load("paper", "sft", model)).Parameters));
        Recipe unknown = Load("paper", "sft", "nowhere");
        Assert.Contains("llava-1.5-7b-hf", Assert.Throws<InvalidInputException>(() => RecipePlan.ByLimits(unknown)).Message);
        Assert.Contains("merge it first",
            Assert.Throws<InvalidInputException>(() => RecipePlan.ByData(tiny.Recipe("sft", "run", $"model.folder={tiny.At("reward-adapter")}"))).Message);
    }

    [Theory]
    [InlineData("InternVL3-9B", "InternLM3")]
    [InlineData("InternVL3-9B-hf", "InternLM3")]
    [InlineData("InternVL3_5-GPT-OSS-20B-A4B-Preview-HF", "mixture of experts")]
    [InlineData("InternVL3_5-30B-A3B-HF", "mixture of experts")]
    [InlineData("InternVL3_5-241B-A28B-HF", "mixture of experts")]
    [InlineData("Qwen3-VL-30B-A3B-Instruct", "mixture of experts")]
    [InlineData("Qwen3-VL-235B-A22B-Thinking", "mixture of experts")]
    [InlineData("gemma-3-1b-it", "without a vision tower")]
    [InlineData("gemma-3-270m", "without a vision tower")]
    [InlineData("InternVL3-8B", "InternVL3-8B-hf")]
    [InlineData("llava-onevision-qwen2-7b-ov", "llava-onevision-qwen2-7b-ov-hf")]
    public void ReleasedModelsThatCannotRunAreRefusedByTheReason(string model, string reason)
    {
        string message = Assert.Throws<InvalidInputException>(() => RecipePlan.ByLimits(Load("paper", "sft", model))).Message;
        Assert.Contains(model, message);
        Assert.Contains(reason, message);
        Assert.DoesNotContain("known are", message);
    }
}
