using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>A held-out judge beside the reward: its alarm is told, drawn, and with <c>stop</c> the exit code.</summary>
[Collection(CapturedConsole.Name)]
public sealed class TrainJudgeTests : IDisposable
{
    private static readonly string Base = Golden.At("models", "llava-1.5-tiny");

    private readonly TemporaryFolder folder = new();

    public TrainJudgeTests()
    {
        World world = new(3);
        WorldDataset.Write(folder.At("world"), world.TrainingPairs(24).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        foreach ((string name, ModelKind kind, long seed) in new[]
        {
            ("reward", ModelKind.Reward, 3L), ("cost", ModelKind.Cost, 4L), ("judge", ModelKind.Reward, 5L),
        })
        {
            using VisionLanguageModel backbone = ModelCheckpoint.Load(Base);
            using ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, seed, deviation: 0.2, kind: kind));
            scores.Save(folder.At(name));
        }
    }

    public void Dispose() => folder.Dispose();

    // with no interval to exceed, any two changes in opposite directions raise the alarm
    [Fact]
    public async Task TheAlarmIsDrawnAndStopsTheRunWithExitCodeOne()
    {
        string judge = $"model.judge={folder.At("judge")}";
        (int code, _, string errors) = await Train("warned", judge);
        Assert.True(code == 0, errors);
        string alarms = File.ReadAllText(folder.At("warned", "alarms.jsonl"));
        Assert.Contains("reward hacking: over the last 4 judgements", alarms);
        Assert.Contains("reward hacking", File.ReadAllText(folder.At("warned", "run.html")));

        (code, _, errors) = await Train("stopped", judge, "training.judge.stop=true");
        Assert.Equal(CliHost.CheckFailed, code);
        Assert.Contains("by training.judge.stop: reward hacking", errors);
        Assert.False(Directory.Exists(folder.At("stopped", "result")));
        Assert.NotEmpty(Directory.GetDirectories(folder.At("stopped", "checkpoints")));
        Assert.Contains("reward hacking", File.ReadAllText(folder.At("stopped", "run.html")));
    }

    /// <summary>The world's own rater judges, and says which prompts are benign, where the recipe names it.</summary>
    [Fact]
    public async Task TheWorldsRaterIsKnownHere()
    {
        (int code, _, string errors) = await Train("rated", "training.judge.rater=world", "training.judge.rater_seed=3",
            "training.refusal.benign=world", "training.rounds=2");
        Assert.True(code == 0, errors);
        string metrics = File.ReadAllText(folder.At("rated", "metrics.jsonl"));
        Assert.Contains("\"over_refusal_rate\":", metrics);
        Assert.Contains("\"judge\":", metrics);
        (code, _, errors) = await Train("foreign", "training.judge.rater=world", "training.judge.rater_seed=4");
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("is none of the data that 'world' knows", errors);
    }

    private async Task<(int Code, string Output, string Errors)> Train(string run, params string[] sets) => await CapturedConsole.RunAsync(
    [
        "train", "grpo", "--model", Base, "--reward", folder.At("reward"), "--cost", folder.At("cost"), "--data", folder.At("world"), "--out", folder.At(run),
        .. new[]
        {
            "model.sharing=none", "training.seed=5", "training.rounds=16", "training.rollout_batch=4",
            "training.mini_batch=4", "training.group_size=2", "training.max_new_tokens=4", "training.ptx_coefficient=0", "training.actor.learning_rate=1e-3",
            "training.judge.window=4", "training.judge.width=0",
        }.Concat(sets).SelectMany(set => new[] { "--set", set }),
    ]);
}
