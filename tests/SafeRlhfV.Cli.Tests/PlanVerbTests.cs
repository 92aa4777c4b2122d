using System.Text.Json.Nodes;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class PlanVerbTests
{
    private static string Recipe(params string[] names) => Path.Combine([Golden.RepositoryRoot(), "recipes", .. names]);

    private static string[] For(string model, params string[] names) => ["--config", Recipe(names), "--model", $"models/{model}", "--name", "mine"];

    [Fact]
    public async Task ARecipeThatFitsEndsWith0AndNamesEveryPart()
    {
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync(["plan", .. For("llava-1.5-7b-hf", "one-gpu", "ppo.yaml"), "--gpu", "h100-80gb"]);
        Assert.True(code == 0, errors);
        foreach (string part in (string[])["weights", "5 adapters", "optimizer", "keys and values", "activations", "gradients", "together at the peak",
            "it fits"]) Assert.Contains(part, output);
    }

    [Fact]
    public async Task OneThatDoesNotEndsWith1AndWhatToChange()
    {
        (int code, string output, _) = await CapturedConsole.RunAsync(["plan", .. For("llava-1.5-7b-hf", "paper", "ppo.yaml"), "--gpu", "h100-80gb", "--json"]);
        Assert.Equal(1, code);
        JsonNode plan = JsonNode.Parse(output)!;
        Assert.False(plan["fits"]!.GetValue<bool>());
        Assert.True(plan["totalBytes"]!.GetValue<long>() > plan["roomBytes"]!.GetValue<long>());
        string[] changes = [.. plan["changes"]!.AsArray().Select(change => change!.GetValue<string>())];
        (code, output, _) = await CapturedConsole.RunAsync(["plan", .. For("llava-1.5-7b-hf", "paper", "ppo.yaml"), "--gpu", "h100-80gb",
            .. changes.SelectMany(change => (string[])["--set", change])]);
        Assert.Equal(0, code);
        Assert.Contains("it fits", output);
    }

    [Fact]
    public async Task AFileOfAlignIsPlannedByAlign()
    {
        foreach (string[] verb in (string[][])[["plan"], ["train", "ppo"]])
            foreach (string file in Directory.GetFiles(Recipe("align"), "*.yaml"))
                await CapturedConsole.RefusedAsync([file, "this is a file of 'align'", "--dry-run"],
                    [.. verb, "--config", file, "--model", "models/mine", "--name", "mine"]);
    }

    [Fact]
    public async Task AnAblationIsNoRecipe()
    {
        string file = Path.Combine(Recipe("ablations"), "ptx.yaml");
        foreach (string[] verb in (string[][])[["plan"], ["train", "ppo"]])
            await CapturedConsole.RefusedAsync([$"{file}: this is an ablation", $"safe-rlhf-v ablate --config {file} --out FOLDER"],
                [.. verb, "--config", file]);
    }

    [Fact]
    public async Task AnAdapterIsNoModelToPlanBy() => await CapturedConsole.RefusedAsync(
        [$"{Golden.At("models", "llava-1.5-tiny-lora")}: holds an adapter, and training starts from a whole model; merge it first"],
        "plan", "--config", Recipe("one-gpu", "sft.yaml"), "--model", Golden.At("models", "llava-1.5-tiny-lora"), "--name", "mine");

    [Fact]
    public async Task RanksArePlannedForAndNoRanksAreRefused()
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync(
            ["plan", .. For("llava-1.5-7b-hf", "paper", "sft.yaml"), "--gpu", "h100-80gb", "--ranks", "8"]);
        Assert.True(code is 0 or 1, errors);
        Assert.Contains("exchange with 7 other ranks", output);
        Assert.Contains("8 ranks without the time that they exchange data", output);
        await CliRun.Refused("--ranks is 0", ["plan", .. For("llava-1.5-7b-hf", "paper", "sft.yaml"), "--ranks", "0"]);
    }

    [Fact]
    public async Task WithoutACardItTellsAndAnUnknownCardIsRefused()
    {
        (int code, string output, _) = await CapturedConsole.RunAsync(["plan", .. For("Qwen2.5-VL-7B-Instruct", "paper", "sft.yaml")]);
        Assert.Equal(0, code);
        Assert.DoesNotContain("fit", output);
        await CliRun.Refused("h100-80gb", ["plan", .. For("Qwen2.5-VL-7B-Instruct", "paper", "sft.yaml"), "--gpu", "potato"]);
        await CliRun.Refused("no such folder; make it first: safe-rlhf-v demo --out demo.", "plan", "--config", Recipe("world", "sft.yaml"));
        await CliRun.Refused("no such folder; make it first: safe-rlhf-v demo --out demo.", "train", "sft", "--config", Recipe("world", "sft.yaml"));
        await CliRun.Refused("nowhere: no such folder, and no model of that name", ["plan", .. For("nowhere", "paper", "sft.yaml")]);
    }

    [Fact]
    public async Task SizesAreInGiBAndHostMemoryAndTimeAreTold()
    {
        string[] arguments = ["plan", .. For("llava-1.5-7b-hf", "paper", "sft.yaml"), "--set", "training.optimizer.offload=true"];
        (_, string output, _) = await CapturedConsole.RunAsync([.. arguments, "--gpu", "a100-80gb"]);
        Assert.Matches(@"a100-80gb has +75\.2 GiB", output); // 94 % of the 80.0 GiB that nvidia-smi shows
        Assert.Matches(@"host memory: optimizer states \(offload\) +7[0-9]\.\d GiB", output);
        Assert.Contains("time, a rough estimate", output);
        Assert.Contains("312 TFLOP/s of a100-80gb in bfloat16", output);
        (_, output, _) = await CapturedConsole.RunAsync([.. arguments, "--gpu", "80gib", "--json"]);
        JsonNode plan = JsonNode.Parse(output)!;
        Assert.Equal((long)(0.94 * (80L << 30)), plan["roomBytes"]!.GetValue<long>());
        Assert.True(plan["hostBytes"]!.GetValue<long>() > 70L << 30);
        Assert.Null(plan["time"]);
    }

    [Fact]
    public async Task ARecipeForTheCpuIsPlannedForTheCardThatIsAskedFor()
    {
        string[] arguments = ["plan", .. For("llava-1.5-7b-hf", "paper", "sft.yaml"), "--set", "model.device=cpu"];
        (_, string output, _) = await CapturedConsole.RunAsync([.. arguments, "--gpu", "h100-80gb"]);
        Assert.Contains("gaps that the allocator leaves", output);
        (_, output, _) = await CapturedConsole.RunAsync(arguments);
        Assert.DoesNotContain("gaps that the allocator leaves", output);
        Assert.Contains("measured here", output);
    }

    [Fact]
    public async Task TrainingThatCannotFitIsRefusedBeforeAnythingIsWritten()
    {
        using TemporaryFolder folder = new();
        World world = new(1);
        WorldDataset.Write(folder.At("world"), world.TrainingPairs(16).Select(pair => pair.Row), world.HeldOutPairs(4).Select(pair => pair.Row));
        CliRun run = await CliRun.Of("train", "sft", "--model", Golden.At("models", "llava-1.5-tiny"), "--data", folder.At("world"), "--out", folder.At("run"),
            "--set", "training.batch_size=900000000");
        Assert.Equal(CliHost.BadInput, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains("together at the peak", run.Errors);
        Assert.Contains("at its peak, and cpu has", run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        Assert.False(Directory.Exists(folder.At("run")));
    }
}
