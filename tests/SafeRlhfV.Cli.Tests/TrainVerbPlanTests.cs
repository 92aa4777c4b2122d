using System.Text.Json.Nodes;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>What the plan foretells is what a run takes at its peak.</summary>
public sealed class TrainVerbPlanTests
{
    private const double Tolerance = 0.08;

    [Theory, Trait("speed", "slow")]
    [InlineData("guard", "llava-1.5-tiny", "world", "training.batch_size=64 training.micro_batch_tokens=8000")]
    [InlineData("guard", "llava-1.5-tiny", "photos", "training.batch_size=64 training.micro_batch_tokens=8000")]
    [InlineData("sft", "llava-1.5-tiny", "photos", "training.batch_size=32")]
    [InlineData("sft", "qwen2-vl-tiny", "world", "training.batch_size=16 training.micro_batch_size=8")]
    [InlineData("sft", "qwen2-vl-tiny", "photos", "training.batch_size=32")]
    [InlineData("sft", "qwen2.5-vl-tiny", "photos", "training.batch_size=8")]
    [InlineData("sft", "internvl3-tiny-sharded", "photos", "training.batch_size=16 model.dtype=float32")]
    [InlineData("dpo", "internvl3-tiny-sharded", "photos", "training.batch_size=8 model.dtype=float32")]
    [InlineData("dpo", "qwen2-vl-tiny", "world", "training.batch_size=16 training.micro_batch_size=8")]
    [InlineData("dpo", "qwen2-vl-tiny", "photos", "training.batch_size=8")]
    [InlineData("reward", "qwen2-vl-tiny", "photos", "training.batch_size=2")]
    [InlineData("reward", "llava-1.5-tiny", "photos", "training.batch_size=8 training.gradient_checkpointing=true")]
    [InlineData("cost", "qwen2-vl-tiny", "photos", "training.batch_size=32")]
    public async Task ThePeakIsWithin8PercentOfThePlan(string trainer, string model, string data, string sets)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells the peak on Linux alone.");
        using TemporaryFolder folder = new();
        string rows = Golden.At("beavertails-v", "paired");
        if (data == "world")
        {
            World world = new(3);
            WorldDataset.Write(rows = folder.At("world"), world.TrainingPairs(200).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        }
        string[] arguments = ["train", trainer, "--model", Golden.At("models", model), "--data", rows, "--out", folder.At("run"), "--json", "--set",
            "run.save_every=0", "--set", "training.max_steps=3"];
        await Check([.. arguments, .. Sets(sets)]);
    }

    /// <summary>Thousands of rows lie in memory to be shuffled: that counts, and no more than that is taken.</summary>
    [Theory, Trait("speed", "slow")]
    [InlineData("ppo", 200, "training.rollout_batch=128 training.mini_batch=32")]
    [InlineData("ppo", 200, "training.rollout_batch=128 training.mini_batch=32 training.calibration_rows=200")]
    [InlineData("ppo", 200,
        "training.rollout_batch=128 training.mini_batch=64 training.micro_batch=8 training.rollout_micro_batch=16 training.calibration_rows=200")]
    [InlineData("ppo", 200, "training.rollout_batch=128 training.mini_batch=64 training.calibration_rows=200")]
    [InlineData("ppo", 3500, "training.rollout_batch=128 training.mini_batch=32 training.calibration_rows=200")]
    [InlineData("grpo", 3500, "training.rollout_batch=16 training.group_size=8 training.mini_batch=4 training.calibration_rows=200")]
    public async Task SoIsThatOfSeveralRounds(string trainer, int pairs, string sets)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells the peak on Linux alone.");
        using TemporaryFolder folder = new();
        string model = Golden.At("models", "llava-1.5-tiny"), rows = folder.At("world");
        World world = new(3);
        WorldDataset.Write(rows, world.TrainingPairs(pairs).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        foreach (string role in (string[])["reward", "cost"])
            await End(["train", role, "--model", model, "--data", rows, "--out", folder.At(role), "--json", .. Sets("run.save_every=0 training.max_steps=1")]);
        string[] arguments = ["train", trainer, "--model", model, "--reward", folder.At("reward"), "--cost", folder.At("cost"), "--data", rows, "--json"];
        const string Common = "model.sharing=none run.save_every=0 training.rounds=5 training.max_new_tokens=24 training.ptx_coefficient=0";
        await Check([.. arguments, "--out", folder.At("run"), .. Sets($"{Common} {sets}")]);
    }

    private static IEnumerable<string> Sets(string sets) => sets.Split(' ').SelectMany(set => (string[])["--set", set]);

    private static async Task<JsonNode> End(string[] arguments)
    {
        using CliProcess run = CliProcess.Start(arguments);
        (int code, string output, string errors) = await run.EndAsync();
        Assert.True(code == 0, errors);
        return JsonNode.Parse(output)!;
    }

    private static async Task Check(string[] arguments)
    {
        JsonNode result = await End(arguments);
        double planned = result["plannedBytes"]!.GetValue<long>(), peak = result["peakBytes"]!.GetValue<long>();
        Assert.InRange(planned / peak, 1 - Tolerance, 1 + Tolerance);
    }
}
