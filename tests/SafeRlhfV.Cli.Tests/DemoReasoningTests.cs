using SafeRlhfV.Data;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

/// <summary><c>demo --reasoning</c>: data and models of a world that asks questions with one right answer too, and the recipe that learns them.</summary>
[Collection(CapturedConsole.Name)]
public sealed class DemoReasoningTests
{
    [Fact]
    public async Task TheReportIsAboutOpenQuestions()
    {
        using TemporaryFolder folder = new();
        (int code, _, string errors) = await CapturedConsole.RunAsync("demo", "--quick", "--reasoning", "--out", folder.At("demo"));
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("--reasoning: the report is about open questions; give the last stage that is wanted", errors);
        Assert.False(Directory.Exists(folder.At("demo")));
    }

    [Fact, Trait("speed", "slow")]
    public async Task TheRecipeTrainsOnWhatTheDemoMakes()
    {
        using TemporaryFolder folder = new();
        foreach (string stage in (string[])["reward", "cost"])
        {
            (int made, _, string why) = await CapturedConsole.RunAsync("demo", "--quick", "--reasoning", "--stage", stage, "--out", folder.At("demo"));
            Assert.True(made == 0, why);
        }
        ConversationRecord[] prompts = [.. PreferenceDataset.Open(folder.At("demo", "data", "prompts")).ReadRecords(RecordParts.RightAnswer)];
        Assert.InRange(prompts.Count(prompt => prompt.Answer is not null), 1, prompts.Length - 1);

        string demo = folder.At("demo");
        (int code, string output, string errors) = await CapturedConsole.RunAsync(
        [
            "train", "grpo", "--config", Path.Combine(Golden.RepositoryRoot(), "recipes", "world", "grpo-reasoning.yaml"),
            "--model", Path.Combine(demo, "models", "start"), "--reward", Path.Combine(demo, "models", "reward"),
            "--cost", Path.Combine(demo, "models", "cost"), "--data", Path.Combine(demo, "data", "prompts"), "--out", folder.At("run"),
            .. ((string[])[$"data.instructions.folder={Path.Combine(demo, "data", "ptx")}", $"data.calibration.folder={Path.Combine(demo, "data", "pairs")}",
                "training.rounds=2", "training.calibration_rows=32"]).SelectMany(set => (string[])["--set", set]),
        ]);
        Assert.True(code == 0, output + errors);
        (long _, IReadOnlyDictionary<string, double> last) = MetricsLog.Read(folder.At("run", MetricsLog.FileName)).Last();
        Assert.InRange(last["reward_exact"], 0, 1);
        Assert.Contains("cost_answer", last.Keys);
    }
}
