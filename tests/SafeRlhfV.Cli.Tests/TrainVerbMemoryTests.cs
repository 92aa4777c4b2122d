using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

/// <summary>A run does not grow: what it holds after 100 steps (programs take that long to be compiled to the end) it holds after 600.</summary>
public sealed class TrainVerbMemoryTests
{
    private const int Warm = 100, Steps = 600, Counted = 50;
    private const double Growth = 1.05;

    [Theory, Trait("speed", "slow")]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("dpo")]
    public async Task FiveHundredStepsTakeNoMoreMemory(string trainer)
    {
        using TemporaryFolder folder = new();
        World world = new(3);
        WorldDataset.Write(folder.At("world"), world.TrainingPairs(100).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        using CliProcess run = CliProcess.Start(
            "train", trainer, "--model", Golden.At("models", "llava-1.5-tiny"), "--data", folder.At("world"), "--out", folder.At("run"), "--set",
            "run.save_every=0",
            "--set", "training.batch_size=2", "--set", "training.epochs=1000", "--set", $"training.max_steps={Steps}");
        List<long> early = [], late = [];
        while (!run.HasEnded)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            long step = StepsIn(folder.At("run", MetricsLog.FileName)), bytes = run.ResidentBytes;
            if (bytes == 0 || step >= Steps) continue; // the result is being written
            if (step is >= Warm and < Warm + Counted) early.Add(bytes);
            else if (step >= Steps - Counted) late.Add(bytes);
        }
        (int code, _, string errors) = await run.EndAsync();
        Assert.True(code == 0, errors);
        Assert.True(early.Count > 0 && late.Count > 0);
        double ratio = (double)Median(late) / Median(early);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Median(early) >> 20} MiB after {Warm} steps, {Median(late) >> 20} MiB after {Steps}: {ratio:0.000}");
        Assert.True(ratio < Growth, $"{Median(early) >> 20} MiB became {Median(late) >> 20} MiB");
    }

    private static long StepsIn(string log)
    {
        if (!File.Exists(log)) return 0;
        using FileStream file = new(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(file);
        long lines = 0;
        while (reader.ReadLine() is not null) lines++;
        return lines;
    }

    private static long Median(List<long> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
