using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class CheckpointDamageTests
{
    private static readonly string[] Files = ["manifest.json", "metrics.jsonl", "parts/model/parameters.safetensors", "parts/optimizer/optimizer.safetensors",
        "parts/stream/state.json", "run.json"];

    [Fact]
    public void EveryFlippedByteAndMissingFileIsRefusedByNameAndTheOneBeforeOffered()
    {
        using TemporaryFolder folder = new();
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 1, KeepLast = 3 };
        Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options, 6, 4));
        string newest = folder.At("run", "checkpoints", "step-00000004");
        Assert.Equal(Files.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(newest, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(newest, file))
                .Order(StringComparer.Ordinal));
        RandomStream random = new(3, "flips");
        foreach (string file in Files)
        {
            string path = Path.Combine(newest, file);
            byte[] good = File.ReadAllBytes(path), bad = [.. good];
            // the manifest guards itself only where its meaning changes: its digests
            int place = file == "manifest.json"
                ? System.Text.Encoding.UTF8.GetString(good).IndexOf("sha256\": \"", StringComparison.Ordinal) + 12
                : random.NextInt(good.Length);
            bad[place] ^= 4;
            File.WriteAllBytes(path, bad);
            Refused(options, file == "manifest.json" ? "SHA-256" : file);
            File.Delete(path);
            Refused(options, $"{file} is missing");
            File.WriteAllBytes(path, good[..^1]);
            Refused(options, file);
            File.WriteAllBytes(path, good);
        }
        Assert.Equal(4, SmallRun.Train(options, 6).Start);
    }

    [Fact]
    public void TheOneBeforeIsTakenWhereThatIsAllowedAndEndsInTheSameBits()
    {
        using TemporaryFolder folder = new();
        SmallRun.Result whole = SmallRun.Train(new RunOptions(), 6);
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 1, KeepLast = 3, SkipDamaged = true };
        Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options, 6, 4));
        File.Delete(folder.At("run", "checkpoints", "step-00000004", "parts", "stream", "state.json"));
        List<string> notes = [];
        SmallRun.Result rest = SmallRun.Train(options, 6, progress: new Progress(notes));
        Assert.Equal(3, rest.Start);
        Assert.Equal(whole.Weights, rest.Weights);
        Assert.Contains("going on from step 3", Assert.Single(notes));
    }

    [Fact]
    public void AFullDiskLeavesTheLastGoodCheckpoint()
    {
        using TemporaryFolder folder = new();
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 2 };
        string message = Assert.Throws<InvalidInputException>(() =>
            SmallRun.Train(options, 8, track: run => run.Track("late", new FullDisk(after: 2)))).Message;
        Assert.Contains("No space left on device", message);
        Assert.Contains("the last good checkpoint is that of step 4", message);
        Assert.Equal(["step-00000002", "step-00000004"],
            Directory.EnumerateDirectories(folder.At("run", "checkpoints")).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal(4, SmallRun.Train(options, 8, track: run => run.Track("late", new FullDisk(after: 99))).Start);
    }

    [Fact]
    public void TheNewestAndTheBestAreKept()
    {
        using TemporaryFolder folder = new();
        SmallRun.Train(new RunOptions { Folder = folder.At("run"), SaveEvery = 1, KeepLast = 2, BestMetric = "loss", BestWindow = 1 }, 9,
            loss: step => Math.Abs(step - 2));
        Assert.Equal(["step-00000003", "step-00000008", "step-00000009"],
            Directory.EnumerateDirectories(folder.At("run", "checkpoints")).Select(path => Path.GetFileName(path)).Order());
    }

    [Fact]
    public void TheBestIsFoundOverAWindowAndNotByOneLuckyBatch()
    {
        using TemporaryFolder folder = new();
        // step 2 is lucky; steps 4 to 6 are good
        double[] losses = [9, 0, 9, 3, 3, 3, 8, 8, 8];
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 1, KeepLast = 2, BestMetric = "loss", BestWindow = 3 };
        Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options, 9, 5, loss: step => losses[step]));
        SmallRun.Train(options, 9, loss: step => losses[step]); // the window goes on over a stop
        Assert.Equal(["step-00000006", "step-00000008", "step-00000009"],
            Directory.EnumerateDirectories(folder.At("run", "checkpoints")).Select(path => Path.GetFileName(path)).Order());
    }

    [Fact]
    public void AMetricThatTheRunDoesNotHaveIsRefusedWithThoseThatItHas()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("no metric 'accuracy'; it has loss, third",
            Assert.Throws<InvalidInputException>(() => SmallRun.Train(new RunOptions { Folder = folder.At("run"), BestMetric = "accuracy" }, 3)).Message);
    }

    private static void Refused(RunOptions options, string why)
    {
        string message = Assert.Throws<InvalidInputException>(() => SmallRun.Train(options, 6)).Message;
        Assert.Contains("step-00000004: the checkpoint is damaged", message);
        Assert.Contains(why, message);
        Assert.Contains("the one before it, step 3, is sound", message);
    }

    private sealed class FullDisk(int after) : ITrainingPart
    {
        private int saves;

        public void Save(string folder)
        {
            File.WriteAllText(Path.Combine(folder, "half"), "half");
            if (saves++ == after) throw new IOException("No space left on device");
        }

        public void Load(string folder) => File.ReadAllText(Path.Combine(folder, "half"));
    }

    private sealed class Progress(List<string> notes) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => notes.AddRange(value.Notes);
    }
}
