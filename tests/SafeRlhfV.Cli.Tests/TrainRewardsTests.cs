using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

/// <summary><c>train ppo|grpo</c> with rewards that are checked: from verl's rows to a policy, without a reward model.</summary>
[Collection(CapturedConsole.Name)]
public sealed class TrainRewardsTests : IDisposable
{
    private static readonly string Base = Golden.At("models", "llava-1.5-tiny");

    private readonly TemporaryFolder folder = new();

    public TrainRewardsTests()
    {
        using VisionLanguageModel backbone = ModelCheckpoint.Load(Base);
        using ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, seed: 3, deviation: 0.2, kind: ModelKind.Cost));
        scores.Save(folder.At("cost"));
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("ppo", false)]
    [InlineData("grpo", false)]
    [InlineData("grpo", true)]
    public async Task VerlsRowsTrainAPolicyWithoutARewardModel(string trainer, bool parquet)
    {
        await Import(answered: true);
        string data = folder.At("questions");
        if (parquet) Assert.NotEmpty(Directory.GetFiles(data, "*.parquet", SearchOption.AllDirectories));
        else
        {
            (int converted, _, string why) = await CapturedConsole.RunAsync("data", "convert", data, "--to", "jsonl", "--out", folder.At("lines"));
            Assert.True(converted == 0, why);
            data = folder.At("lines");
        }
        (int code, string output, string errors) = await Train(trainer, data, "run", "[{kind: number, weight: 2}, {kind: format, think: true}]");
        Assert.True(code == 0, output + errors);
        (long _, IReadOnlyDictionary<string, double> last) = MetricsLog.Read(folder.At("run", MetricsLog.FileName)).Last();
        foreach (string metric in (string[])["reward_number", "unread_number", "reward_format", "cost_all", "cost_answer", "unclosed_share"])
            Assert.Contains(metric, last.Keys);
        Assert.DoesNotContain("reward_score", last.Keys);
        Assert.Equal(2 * last["reward_number"] + last["reward_format"], last["reward"], 1e-6);
        Assert.True(File.Exists(folder.At("run", "result", "config.json")));
    }

    [Fact]
    public async Task ARowWithoutAnAnswerIsBadInput()
    {
        await Import(answered: false);
        (int code, _, string errors) = await Train("grpo", folder.At("questions"), "run", "[{kind: number}]");
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("row 3 has no 'answer', which the reward 'number' needs", errors);
        Assert.Single(errors.Trim().Split('\n'), line => line.Contains("has no 'answer'", StringComparison.Ordinal));
    }

    private async Task Import(bool answered)
    {
        File.WriteAllLines(folder.At("verl.jsonl"), new World(3).PpoPrompts(6).Select((prompt, i) => JsonSerializer.Serialize(new
        {
            data_source = "counting",
            prompt = new[] { new { role = "user", content = $"<image>{prompt.Text}" } },
            images = new[] { $"data:image/png;base64,{Convert.ToBase64String(PngBytes.Encode(prompt.Image))}" },
            reward_model = new { style = "rule", ground_truth = i == 3 && !answered ? null : $"{i}" },
            extra_info = new { index = i },
        })));
        (int code, string output, string errors) = await CapturedConsole.RunAsync(
            "data", "import", folder.At("verl.jsonl"), "--from", "verl", "--out", folder.At("questions"));
        Assert.True(code == 0, output + errors);
    }

    private Task<(int Code, string Output, string Errors)> Train(string trainer, string data, string run, string rewards) => CapturedConsole.RunAsync(
    [
        "train", trainer, "--model", Base, "--cost", folder.At("cost"), "--data", data, "--set", $"training.rewards={rewards}",
        "--set", "model.sharing=none", "--set", "training.rounds=2", "--set", "training.rollout_batch=3", "--set", "training.mini_batch=3",
        "--set", "training.max_new_tokens=4", "--set", "training.ptx_coefficient=0", "--set", $"run.folder={folder.At(run)}",
        .. trainer == "grpo" ? (string[])["--set", "training.group_size=2"] : [],
    ]);
}
