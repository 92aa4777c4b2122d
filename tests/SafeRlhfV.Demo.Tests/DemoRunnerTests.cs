using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Evaluation.Tests;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo.Tests;

public sealed class DemoRunnerTests(QuickDemo demo) : IClassFixture<QuickDemo>
{
    [Fact]
    public void ItMeasuresEverythingThatTheReportShows()
    {
        DemoResults results = ResultsJson.Read(demo.Folders.Results);
        Assert.Equal(["start", "ppo-h", "ppo-s", "dpo-h", "dpo-s", "grpo", "safe-rlhf-v"], results.Methods.Select(method => method.Id));
        Assert.All(results.Methods, method => Assert.True(method is { Prompts: 60, MeanCost: not null } && method.MeanLength > 0));
        Assert.Equal(0, results.Methods[0].HelpfulWins.GainPoints);
        Assert.Equal([("safe-rlhf-v", 4), ("ppo-h", 2), ("ppo-s", 2), ("grpo", 4)], results.Trajectories.Select(curve => (curve.Id, curve.Points.Count)));
        Trajectory[] bounded = [results.Trajectories[0], results.Trajectories[^1]];
        Assert.All(bounded, run => Assert.Equal(("log", -1.2), (run.Multiplier, run.Budget)));
        Assert.All(bounded.SelectMany(run => run.Points),
            point => Assert.True(point.Lambda is > 0 and <= 4 && double.IsFinite(point.Reward) && double.IsFinite(point.Kl)));
        Assert.All([results.RewardModel, results.CostModel], model => Assert.True(model is { Pairs: 60, True: not null, Grey: not null }));
        Assert.Equal(["CM-V", "Beaver-Guard-V"], results.FlipProbes.Select(probe => probe.Model));
        Assert.Equal(2, results.Guard!.Curves.Count);
        Assert.All(results.Guard.Curves, curve => Assert.Equal(6, curve.Rounds.Count));
        Assert.Equal(6, results.Gallery.Count);
        Assert.NotEmpty(results.Thresholds);
        Assert.All(results.Thresholds, threshold => Assert.False(threshold.Enforced));
    }

    [Fact]
    public void ItsDataSetsAreSoundAndItsCheckpointsLoad()
    {
        foreach (string name in (string[])["pairs", "sft", "prompts", "ptx"])
            Assert.DoesNotContain(DatasetValidator.Check(demo.Folders.Data(name)).Findings, finding => finding.Severity == FindingSeverity.Error);
        foreach (string name in (string[])["start", "ppo-h", "ppo-s", "dpo-h", "dpo-s", "grpo", "safe-rlhf-v"])
            using (VisionLanguageModel model = ModelCheckpoint.Load(demo.Folders.Model(name))) Assert.Equal(223, model.VocabularySize);
        foreach (string name in (string[])["reward", "cost"])
            using (ScoreModel model = ScoreModel.Load(demo.Folders.Model(name))) Assert.Equal(1, model.Head.Outputs);
        using GuardModel guard = GuardModel.Load(demo.Folders.Model("guard"));
        Assert.Equal(GuardHeads.Outputs, guard.Scores.Head.Outputs);
    }

    [Fact]
    public void RunningAgainRunsNothingAndGivesTheSameBytes()
    {
        byte[] before = File.ReadAllBytes(demo.Folders.Results);
        Recorder recorder = new();
        DemoRunner.Run(DemoSettings.Quick(QuickDemo.Seed), demo.Folders.Root, progress: recorder);
        Assert.Equal(DemoRunner.StageNames.Count, recorder.All.Count(progress => progress.State == StageState.Resumed));
        Assert.DoesNotContain(recorder.All, progress => progress.State == StageState.Running);
        Assert.Equal(before, File.ReadAllBytes(demo.Folders.Results));
    }

    [Fact]
    public void NeitherAStopNorTheNumberOfWorkersChangesWhatIsLearnt()
    {
        using TemporaryFolder folder = new();
        DemoFolders other = new(folder.At("demo"));
        using CancellationTokenSource stop = new();
        Recorder stopper = new(progress => { if (progress is { Stage: "sft", Done: 12 }) stop.Cancel(); });
        Assert.ThrowsAny<OperationCanceledException>(() =>
            DemoRunner.Run(DemoSettings.Quick(QuickDemo.Seed), other.Root, "sft", workers: 1, progress: stopper, cancellationToken: stop.Token));
        DemoRunner.Run(DemoSettings.Quick(QuickDemo.Seed), other.Root, "sft", workers: 1);
        Assert.Equal(Weights(demo.Folders, "vision"), Weights(other, "vision"));
        Assert.Equal(Weights(demo.Folders, "start"), Weights(other, "start"));
        Assert.Equal(File.ReadAllBytes(Path.Combine(demo.Folders.Run("sft"), "metrics.jsonl")),
            File.ReadAllBytes(Path.Combine(other.Run("sft"), "metrics.jsonl")));
    }

    [Fact]
    public void OnOneBackboneScoreModelsAreAdaptersAndResultsAreWholeModels()
    {
        using TemporaryFolder folder = new();
        DemoFolders other = new(folder.At("demo"));
        DemoRunner.Run(Small().OnOneBackbone(), other.Root, "safe-rlhf-v");
        foreach (string scorer in (string[])["reward", "cost"])
        {
            Assert.Equal(other.Model("start"), LoraConfig.FindBase(other.Model($"{scorer}-adapter")));
            using ScoreModel whole = ScoreModel.Load(other.Model(scorer));
            Assert.NotEqual(Weights(other, "start"), Weights(other, scorer));
        }
        using VisionLanguageModel aligned = ModelCheckpoint.Load(other.Model("safe-rlhf-v"));
        Assert.NotEqual(Weights(other, "start"), Weights(other, "safe-rlhf-v"));
    }

    /// <summary>The gates of align stand before the policies; a quick run, which proves nothing, only says that they are not passed.</summary>
    [Fact]
    public void BelowAGateNoPolicyIsTrained()
    {
        using TemporaryFolder folder = new();
        DemoSettings held = Small() with { Profile = RunProfiles.Default };
        string found = Assert.Throws<GateException>(() => DemoRunner.Run(held, folder.At("demo"), "safe-rlhf-v")).Message;
        Assert.Contains("CM-V sign accuracy is ", found, StringComparison.Ordinal);
        Assert.False(Directory.Exists(new DemoFolders(folder.At("demo")).Run("safe-rlhf-v")));
    }

    /// <summary>Training runs are those of recipes, as 'train' and 'align' carry them out.</summary>
    [Fact]
    public void EveryTrainingRunKeepsItsRecipe()
    {
        foreach ((string run, string model, string trainer) in ((string, string, string)[])[("sft", "start", "sft"), ("reward", "reward", "reward"),
            ("cost", "cost", "cost"), ("guard", "guard", "guard"), ("safe-rlhf-v", "safe-rlhf-v", "ppo"), ("grpo", "grpo", "grpo"), ("dpo-s", "dpo-s", "dpo")])
        {
            Recipe recipe = RecipeReader.Load(Path.Combine(demo.Folders.Model(model), "recipe.yaml"));
            Assert.Equal(trainer, recipe.Trainer.Name);
            Assert.Equal(QuickDemo.Seed, recipe.Seed);
            Assert.True(File.Exists(Path.Combine(demo.Folders.Run(run), "finished.json")));
        }
    }

    [Fact]
    public async Task TheReportOpensInABrowserWithEveryChartAndImage()
    {
        Browser.MustBeThere();
        (int code, string line) = await Browser.CheckReport(demo.Folders.Report);
        Assert.True(code == 0, line);
    }

    [Fact]
    public void AFolderWithSomethingElseOrOfOtherSettingsIsRefused()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("mine.txt"), "mine");
        Assert.Contains("something else", Assert.Throws<InvalidInputException>(() => DemoRunner.Run(DemoSettings.Quick(0), folder.Path)).Message);
        Assert.Contains("other settings",
            Assert.Throws<InvalidInputException>(() => DemoRunner.Run(DemoSettings.Quick(QuickDemo.Seed + 1), demo.Folders.Root)).Message);
        Assert.Contains("no such stage",
            Assert.Throws<InvalidInputException>(() => DemoRunner.Run(DemoSettings.Quick(0), folder.At("new"), "nonsense")).Message);
        Assert.Equal("mine.txt", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(folder.Path))));
    }

    // learns next to nothing
    private static DemoSettings Small()
    {
        DemoSettings quick = DemoSettings.Quick(QuickDemo.Seed);
        return quick with
        {
            VisionSteps = 2,
            Pairs = 48,
            HeldOutPairs = 12,
            Sft = quick.Sft with { MaxSteps = 2 },
            Reward = quick.Reward with { MaxSteps = 2 },
            Cost = quick.Cost with { MaxSteps = 2 },
            SafePpo = quick.SafePpo with { Rounds = 1 },
        };
    }

    private static byte[] Weights(DemoFolders folders, string model) => File.ReadAllBytes(Path.Combine(folders.Model(model), "model.safetensors"));

    private sealed class Recorder(Action<StageProgress>? then = null) : IProgress<StageProgress>
    {
        public List<StageProgress> All { get; } = [];

        public void Report(StageProgress value)
        {
            All.Add(value);
            then?.Invoke(value);
        }
    }
}
