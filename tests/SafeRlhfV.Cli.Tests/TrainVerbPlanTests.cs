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
    [InlineData("dpo", "qwen2-vl-tiny", "world", "training.batch_size=16 training.micro_batch_size=8")]
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
        using CliProcess run = CliProcess.Start([.. arguments, .. sets.Split(' ').SelectMany(set => (string[])["--set", set])]);
        (int code, string output, string errors) = await run.EndAsync();
        Assert.True(code == 0, errors);
        JsonNode result = JsonNode.Parse(output)!;
        double planned = result["plannedBytes"]!.GetValue<long>(), peak = result["peakBytes"]!.GetValue<long>();
        Assert.InRange(planned / peak, 1 - Tolerance, 1 + Tolerance);
    }
}
