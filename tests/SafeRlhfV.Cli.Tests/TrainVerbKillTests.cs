using System.Diagnostics;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

/// <summary>Runs of the command line that are killed (SIGKILL) at random moments and resumed end in the very bits of an uninterrupted run.</summary>
public sealed class TrainVerbKillTests
{
    [Theory]
    [InlineData("scores", 2)]
    [InlineData("ppo", 2)]
    public Task AFewKills(string trainer, int kills) => KilledRunsEndAlikeAsync(trainer, kills, steps: 16);

    [Theory, Trait("speed", "slow")]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("cost")]
    [InlineData("scores")]
    [InlineData("dpo")]
    [InlineData("guard")]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public Task TwentyKills(string trainer) => KilledRunsEndAlikeAsync(trainer, 20, steps: 60);

    private static async Task KilledRunsEndAlikeAsync(string trainer, int kills, int steps)
    {
        using TemporaryFolder folder = new();
        Prepare(folder);
        string[] whole = Arguments(folder, trainer, "whole", steps), broken = Arguments(folder, trainer, "broken", steps);
        using (CliProcess run = CliProcess.Start(whole))
        {
            (int code, _, string errors) = await run.EndAsync();
            Assert.True(code == 0, errors);
        }
        RandomStream random = new(1, $"kills/{trainer}");
        int killed = 0, fruitless = 0;
        while (killed < kills && !File.Exists(folder.At("broken", "finished.json")))
        {
            long before = Steps(folder);
            using CliProcess run = CliProcess.Start([.. broken, "--resume"]);
            // some kills come while the program starts, most a random moment after its first step
            if (random.Chance(0.1)) await Task.Delay(random.NextInt(400), TestContext.Current.CancellationToken);
            else
            {
                for (Stopwatch clock = Stopwatch.StartNew(); !run.HasEnded && Steps(folder) <= before && clock.Elapsed < TimeSpan.FromMinutes(1);)
                    await Task.Delay(2, TestContext.Current.CancellationToken);
                await Task.Delay(random.NextInt(120), TestContext.Current.CancellationToken);
            }
            if (run.HasEnded) break;
            await run.KillAsync();
            killed++;
            if (Steps(folder) <= before) fruitless++;
        }
        using (CliProcess run = CliProcess.Start([.. broken, "--resume"]))
        {
            (int code, _, string errors) = await run.EndAsync();
            Assert.True(code == 0, errors);
        }
        // a quick machine may come to the end between two kills
        Assert.True(killed >= kills / 2, $"{killed} kills, {fruitless} before a step");
        TestContext.Current.TestOutputHelper?.WriteLine($"{killed} kills, {fruitless} of them before a step was finished");
        Equal(folder.At("whole"), folder.At("broken"));
    }

    private static string[] Arguments(TemporaryFolder folder, string trainer, string run, int steps)
    {
        string[] common = ["train", trainer, "--data", folder.At("world"), "--out", folder.At(run), "--set", "run.save_every=1", "--set", "training.seed=4"];
        return trainer is "ppo" or "grpo"
            ? [.. common, "--model", Start, "--reward", folder.At("scores"), "--cost", folder.At("scores"), "--set", "model.sharing=none", "--set",
                "training.ptx_coefficient=0", "--set", $"training.rounds={steps}",
                "--set", "training.rollout_batch=4", "--set", "training.mini_batch=2", "--set", "training.max_new_tokens=4", "--set",
                "training.actor.learning_rate=1e-3",
                .. trainer == "ppo" ? (string[])["--set", "training.critics.learning_rate=1e-3"] : ["--set", "training.group_size=2"]]
            : [.. common, "--model", Start, "--set", "training.batch_size=2", "--set", "training.epochs=100", "--set", $"training.max_steps={steps}", "--set",
                "training.optimizer.learning_rate=1e-3"];
    }

    private static string Start => Golden.At("models", "llava-1.5-tiny");

    private static void Prepare(TemporaryFolder folder)
    {
        World world = new(3);
        WorldDataset.Write(folder.At("world"), world.TrainingPairs(12).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        using VisionLanguageModel model = ModelCheckpoint.Load(Start);
        using ScoreHead head = ScoreHead.Create(model.HiddenSize, ScoresTrainer.Outputs, 1, deviation: 0.2);
        ModelCheckpoint.Save(model, folder.At("scores"));
        head.Save(folder.At("scores"));
    }

    private static long Steps(TemporaryFolder folder)
    {
        string path = folder.At("broken", "checkpoints");
        if (!Directory.Exists(path)) return 0;
        return Directory.EnumerateDirectories(path, "step-*").Select(one => Path.GetFileName(one)["step-".Length..]).Where(name => name.Length == 8)
            .Select(long.Parse).DefaultIfEmpty(0).Max();
    }

    private static void Equal(string whole, string broken)
    {
        Assert.Equal(File.ReadAllText(Path.Combine(whole, MetricsLog.FileName)), File.ReadAllText(Path.Combine(broken, MetricsLog.FileName)));
        foreach (string part in (string[])["result", "checkpoints"])
        {
            string[] files = [.. Directory.EnumerateFiles(Path.Combine(whole, part), "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(whole, file)).Order(StringComparer.Ordinal)];
            Assert.NotEmpty(files);
            Assert.Equal(files, Directory.EnumerateFiles(Path.Combine(broken, part), "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(broken, file)).Order(StringComparer.Ordinal));
            foreach (string file in files)
                Assert.True(File.ReadAllBytes(Path.Combine(whole, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(broken, file))),
                    $"{file} differs");
        }
    }
}
