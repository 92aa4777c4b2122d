using System.Diagnostics;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>Ctrl-C says what is saved and how to go on; what it says works.</summary>
public sealed class TrainVerbStopTests
{
    [Fact]
    public async Task AStoppedRunNamesItsCheckpointAndTheCommandThatGoesOn()
    {
        using TemporaryFolder folder = new();
        World world = new(3);
        WorldDataset.Write(folder.At("my world"), world.TrainingPairs(12).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        string[] arguments = ["train", "sft", "--model", Golden.At("models", "llava-1.5-tiny"), "--data", folder.At("my world"), "--out", folder.At("run"),
            "--set", "training.batch_size=2", "--set", "training.epochs=1000", "--set", "training.max_steps=400", "--set", "run.save_every=0"];
        using CliProcess run = CliProcess.Start(arguments);
        for (Stopwatch clock = Stopwatch.StartNew(); !run.HasEnded && Steps(folder) < 3 && clock.Elapsed < TimeSpan.FromMinutes(1);)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        run.Interrupt();
        (int code, _, string errors) = await run.EndAsync();
        Assert.Equal(CliHost.Cancelled, code);
        string last = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1],
            saved = Path.GetFileName(Directory.EnumerateDirectories(folder.At("run", "checkpoints")).Single());
        Assert.Contains($"is saved in {folder.At("run", "checkpoints", saved)}; to resume: safe-rlhf-v train sft --model ", last);
        Assert.Contains($"--data '{folder.At("my world")}'", last);
        Assert.EndsWith(" --resume", last);
        // begun anew where nothing is, and said
        using CliProcess fresh = CliProcess.Start([.. arguments.Select(word =>
            word == folder.At("run") ? folder.At("fresh") : word == "training.max_steps=400" ? "training.max_steps=1" : word), "--resume"]);
        (code, _, errors) = await fresh.EndAsync();
        Assert.True(code == 0, errors);
        Assert.Contains("fresh: there is no run to resume; a new one begins", errors);
        using CliProcess again = CliProcess.Start([.. arguments.Select(word => word == folder.At("run") ? folder.At("fresh") : word), "--resume"]);
        (code, _, errors) = await again.EndAsync();
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("is finished, and was made with another recipe", errors);
    }

    private static int Steps(TemporaryFolder folder)
    {
        string file = folder.At("run", "metrics.jsonl");
        if (!File.Exists(file)) return 0;
        using StreamReader reader = new(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Count(letter => letter == '\n');
    }
}
