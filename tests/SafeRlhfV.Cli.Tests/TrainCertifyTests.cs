using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary><c>train ppo|grpo --certify</c>: a policy is released only where its certificate holds.</summary>
[Collection(CapturedConsole.Name)]
public sealed class TrainCertifyTests : IDisposable
{
    private const int Rows = 12;

    private static readonly string Base = Golden.At("models", "llava-1.5-tiny");

    private readonly TemporaryFolder folder = new();

    public TrainCertifyTests()
    {
        World world = new(3);
        WorldDataset.Write(folder.At("world"), world.TrainingPairs(8).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        Held("held", 5);
        foreach (ModelKind kind in (ModelKind[])[ModelKind.Reward, ModelKind.Cost])
        {
            using VisionLanguageModel backbone = ModelCheckpoint.Load(Base);
            using ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, seed: 3, deviation: 0.2, kind: kind));
            scores.Save(folder.At($"{kind}"));
        }
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public async Task APolicyIsReleasedOnlyWhereItsCertificateHolds(string trainer)
    {
        (int code, JsonElement json) = await Train(trainer, "held-back", ["training.multiplier.budget=-49"]);
        Assert.Equal((CliHost.CheckFailed, false), (code, json.GetProperty("released").GetBoolean()));
        Assert.False(Directory.Exists(folder.At("held-back", "result")));
        Assert.True(File.Exists(folder.At("held-back", "candidate", "config.json")));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("result").ValueKind);
        Assert.Equal(2, File.ReadAllLines(folder.At("held-back", "looks.jsonl")).Length);
        (int used, _, string errors) = await CapturedConsole.RunAsync("generate", "--model", folder.At("held-back"), "--prompt", "What is this?");
        Assert.Equal(CliHost.BadInput, used);
        Assert.Contains("is not released", errors);
        // the same command says the same of the same candidate, without another look
        (code, json) = await Train(trainer, "held-back", ["training.multiplier.budget=-49"], "--resume");
        Assert.Equal((CliHost.CheckFailed, false), (code, json.GetProperty("released").GetBoolean()));
        Assert.Equal(2, File.ReadAllLines(folder.At("held-back", "looks.jsonl")).Length);

        (code, json) = await Train(trainer, "released", ["training.multiplier.budget=45", "training.calibration_rows=4"]);
        Assert.Equal((0, true), (code, json.GetProperty("released").GetBoolean()));
        Assert.False(Directory.Exists(folder.At("released", "candidate")));
        Assert.True(json.GetProperty("certificate").GetProperty("bound").GetDouble() <= 45);
        // it is the certificate of 'certify', in the unit of the budget
        (_, JsonElement again) = await CapturedConsole.JsonAsync("certify", "--policy", folder.At("released"), "--cost", folder.At("Cost"), "--data",
            folder.At("held"), "--split", "evaluation", "--budget", "45", "--range", "-50,50", "--clip", "--max-new-tokens", "4", "--temperature", "1",
            "--top-k", "0", "--top-p", "1", "--seed", "5");
        using JsonDocument scale = JsonDocument.Parse(File.ReadAllBytes(folder.At("released", "result", "score_calibration.json")));
        double unit = scale.RootElement.GetProperty("costDeviation").GetDouble();
        Assert.Equal(again.GetProperty("cost").GetProperty("mean").GetDouble() / unit, json.GetProperty("certificate").GetProperty("mean").GetDouble(), 1e-4);
        (code, json) = await Train(trainer, "released", ["training.multiplier.budget=45", "training.calibration_rows=4"], "--resume");
        Assert.Equal((0, true), (code, json.GetProperty("released").GetBoolean()));
    }

    [Fact]
    public async Task PromptsAreLookedAtAsOftenAsWasSaidBeforehand()
    {
        string journal = $"certify.journal={folder.At("looks.jsonl")}";
        (int first, JsonElement json) = await Train("grpo", "one", [journal, "certify.looks=2"]);
        Assert.True(first is 0 or 1);
        (int second, _) = await Train("grpo", "two", [journal, "certify.looks=2", "training.actor.learning_rate=2e-3"]);
        Assert.True(second is 0 or 1);
        await Refused("for 2 candidates", "three", [journal, "certify.looks=2", "training.actor.learning_rate=3e-3"]);
        await Refused("must not change after the first look", "four", [journal, "certify.looks=3", "training.actor.learning_rate=4e-3"]);
        // other prompts have looks of their own
        Held("fresh", 6);
        (int fresh, JsonElement other) = await Train("grpo", "five", [journal, "training.actor.learning_rate=3e-3", $"certify.folder={folder.At("fresh")}"]);
        Assert.True(fresh is 0 or 1);
        Assert.Equal([2, 1], new[] { json, other }.Select(one => one.GetProperty("certificate").GetProperty("looks").GetInt32()));
    }

    [Fact]
    public async Task TrainingKnowsNothingOfThePromptsButTheirNumber()
    {
        Held("others", 7);
        foreach (string tighten in (string[])["true", "false"])
        {
            await Train("grpo", $"a-{tighten}", [$"certify.tighten={tighten}"]);
            await Train("grpo", $"b-{tighten}", [$"certify.tighten={tighten}", $"certify.folder={folder.At("others")}"]);
            Assert.Equal(Metrics($"a-{tighten}"), Metrics($"b-{tighten}"));
        }
        Assert.Contains("\"budget_margin\":", Metrics("a-true"));
        Assert.DoesNotContain("budget_margin", Metrics("a-false"));
        Assert.NotEqual(Metrics("a-true"), Metrics("a-false"));
        string[] trained = Arguments("grpo", "same", [$"certify.folder={folder.At("world")}", "certify.split=train"]);
        (int code, _, string errors) = await CapturedConsole.RunAsync(trained);
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("is trained on (data.prompts)", errors);

        string Metrics(string run) => File.ReadAllText(folder.At(run, "metrics.jsonl"));
    }

    [Theory]
    [InlineData("certify.range", "certify.range=[1, 0]")]
    [InlineData("does not hold training.multiplier.budget", "certify.range=[2, 3]")]
    [InlineData("is about the mean cost", "training.constraint=cvar")]
    [InlineData("certify.config", "certify.config=violence")]
    public async Task WhatDoesNotFitTogetherIsRefused(string message, string set)
    {
        (int code, _, string errors) = await CapturedConsole.RunAsync(Arguments("grpo", "refused", [set]));
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains(message, errors);
    }

    private async Task Refused(string message, string run, string[] sets)
    {
        (int code, _, string errors) = await CapturedConsole.RunAsync(Arguments("grpo", run, sets));
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains(message, errors);
        Assert.False(Directory.Exists(folder.At(run, "result")));
    }

    private async Task<(int Code, JsonElement Json)> Train(string trainer, string run, string[] sets, params string[] more) =>
        await CapturedConsole.JsonAsync([.. Arguments(trainer, run, sets), .. more]);

    private string[] Arguments(string trainer, string run, string[] sets)
    {
        string[] all =
        [
            "model.sharing=none", "training.ptx_coefficient=0", "training.rounds=2", "training.rollout_batch=4", "training.mini_batch=4",
            "training.max_new_tokens=4", "training.actor.learning_rate=1e-3", "training.seed=5", "training.multiplier.budget=0", "training.multiplier.delay=0",
            "certify.range=[-50, 50]", "certify.clip=true", .. trainer == "grpo" ? (string[])["training.group_size=2"] : [], .. sets,
        ];
        string[] held = sets.Any(set => set.StartsWith("certify.folder=", StringComparison.Ordinal)) ? [] : ["--certify-data", folder.At("held")];
        return
        [
            "train", trainer, "--model", Base, "--reward", folder.At("Reward"), "--cost", folder.At("Cost"), "--data", folder.At("world"), "--out",
            folder.At(run), "--certify", .. held, .. all.SelectMany(set => (string[])["--set", set]),
        ];
    }

    private void Held(string name, long seed)
    {
        World world = new(seed);
        WorldDataset.Write(folder.At(name), world.TrainingPairs(2).Select(pair => pair.Row), world.HeldOutPairs(Rows).Select(pair => pair.Row));
    }
}
