using System.Diagnostics;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

/// <summary>
/// The command line under mpirun, on loopback: real processes and real libraries. SafeRlhfV.Training.Tests holds the numbers of all trainers.
/// </summary>
public sealed class MpirunTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public MpirunTests()
    {
        World world = new(3);
        WorldDataset.Write(folder.At("world"), world.TrainingPairs(24).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
    }

    [Theory]
    [InlineData("openmpi", 4)]
    [InlineData("mpich", 2)]
    public async Task LossesAreThoseOfOneProcess(string launcher, int ranks)
    {
        using (CliProcess one = CliProcess.Start(Arguments("one", steps: 3)))
        {
            (int code, _, string errors) = await one.EndAsync();
            Assert.True(code == 0, errors);
        }
        using Mpirun run = Mpirun.Start(launcher, ranks, Arguments("many", steps: 3));
        (int ended, string output, string told) = await run.EndAsync();
        Assert.True(ended == 0, told);
        Assert.Equal(folder.At("many", "result"), output.Trim()); // one rank alone tells the result
        Assert.Contains("slowest rank", told);
        Close(folder.At("one"), folder.At("many"));
    }

    /// <summary>A rank that is killed takes the others with it, and the last checkpoint is gone on with by another number of ranks.</summary>
    [Fact]
    public Task AKilledRankEndsAll() => KilledRunsEndAlikeAsync(1);

    [Fact, Trait("speed", "slow")]
    public Task TwentyKillsAndOtherNumbersOfRanks() => KilledRunsEndAlikeAsync(20);

    /// <summary>SIGUSR1 reaches all ranks by way of the launcher: they write one checkpoint and end.</summary>
    [Fact]
    public Task SignalUser1SavesAndStops() => StoppedBySignalAsync("openmpi");

    [Fact, Trait("speed", "slow")]
    public Task SignalUser1SavesAndStopsUnderMpich() => StoppedBySignalAsync("mpich");

    private async Task StoppedBySignalAsync(string launcher)
    {
        using Mpirun run = Mpirun.Start(launcher, 2, Arguments("stopped", steps: 100_000, saveEvery: 0));
        await run.UntilAsync(() => HasMetrics("stopped"));
        run.Signal("USR1");
        (int code, _, string errors) = await run.EndAsync();
        Assert.True(code == 130, errors);
        Assert.Contains("stopped. Step ", errors);
        Assert.Equal(1, errors.Split("safe-rlhf-v: ").Length - 1); // said once
        Assert.NotNull(TrainingRun.NewestCheckpoint(folder.At("stopped")));
    }

    /// <summary>A rank that does nothing any more is noticed by the others.</summary>
    [Fact]
    public async Task AStuckRankIsNoticedAndAllEnd()
    {
        using Mpirun run = Mpirun.Start("openmpi", 2, Arguments("stuck", steps: 100_000), ("SAFERLHFV_RANKS_TIMEOUT", "5"));
        await run.UntilAsync(() => HasMetrics("stuck"));
        run.SignalRank(1, "STOP");
        (int code, _, string errors) = await run.EndAsync();
        Assert.NotEqual(0, code);
        Assert.Contains("rank 0: waited 5 s for the other ranks", errors);
        Assert.NotNull(TrainingRun.NewestCheckpoint(folder.At("stuck")));
    }

    /// <summary>Processes that do not find each other would each train by itself, into one folder.</summary>
    [Fact]
    public async Task AContradictingLauncherIsRefused()
    {
        using Mpirun run = Mpirun.Start("openmpi", 2, Arguments("contradiction", steps: 2), ("SLURM_NTASKS", "4"));
        (int code, _, string errors) = await run.EndAsync();
        Assert.True(code == 2, errors);
        Assert.Contains("SLURM_NTASKS says 4 processes, and Open MPI (libmpi.so.40) sees 2", errors);
        Assert.False(Directory.Exists(folder.At("contradiction")));
    }

    [Fact]
    public async Task AMistakeIsToldOnceAndEndsAll()
    {
        using Mpirun run = Mpirun.Start("openmpi", 2, [.. Arguments("mistake", steps: 2), "--set", "training.lengths.response_tokens=1"]);
        (int code, _, string errors) = await run.EndAsync();
        Assert.True(code == 2, errors);
        Assert.Equal(1, errors.Split("none of its").Length - 1);
    }

    /// <summary>A verb that does not know ranks would do its work several times: it ends before it begins, and one rank says why.</summary>
    [Theory]
    [InlineData("openmpi", "data", "validate", "world")]
    [InlineData("openmpi", "align", "--model", "model", "--data", "world", "--out", "made")]
    [InlineData("mpich", "world", "generate", "--out", "made")]
    public async Task VerbsThatDoNotKnowRanksAreRefused(string launcher, params string[] arguments)
    {
        using Mpirun run = Mpirun.Start(launcher, 2, [.. arguments.Select(word => word is "world" or "made" && word != arguments[0] ? folder.At(word) : word)]);
        (int code, string output, string errors) = await run.EndAsync();
        Assert.True(code == 2, errors);
        Assert.Equal(1, errors.Split("safe-rlhf-v: ").Length - 1); // said once
        Assert.Contains($"safe-rlhf-v: {arguments[0]} is one process, and this one was launched as one of 2 ranks", errors);
        Assert.DoesNotContain("findings", output);
        Assert.False(Directory.Exists(folder.At("made")));
    }

    /// <summary>A mistake that is found before the ranks have joined is told once, too.</summary>
    [Fact]
    public async Task AMistakeInTheRecipeIsToldOnce()
    {
        using Mpirun run = Mpirun.Start("openmpi", 2, [.. Arguments("mistake", steps: 2), "--set", "training.no_such_key=1"]);
        (int code, _, string errors) = await run.EndAsync();
        Assert.True(code == 2, errors);
        Assert.Contains("no_such_key", errors);
        Assert.Equal(1, errors.Split("safe-rlhf-v: ").Length - 1);
    }

    public void Dispose() => folder.Dispose();

    private async Task KilledRunsEndAlikeAsync(int kills)
    {
        const int Steps = 24;
        using (CliProcess one = CliProcess.Start(Arguments("whole", Steps)))
        {
            (int code, _, string errors) = await one.EndAsync();
            Assert.True(code == 0, errors);
        }
        RandomStream random = new(1, "kills");
        for (int kill = 0; kill < kills; kill++)
        {
            using Mpirun run = Mpirun.Start("openmpi", 2 + kill % 2, [.. Arguments("broken", Steps), "--resume"]);
            long before = Newest();
            await run.UntilAsync(() => Newest() > before);
            await Task.Delay(random.NextInt(120), TestContext.Current.CancellationToken);
            if (run.HasEnded) break; // a quick machine came to the end
            run.SignalRank(random.NextInt(2), "KILL");
            Stopwatch clock = Stopwatch.StartNew();
            (int code, _, _) = await run.EndAsync();
            Assert.NotEqual(0, code);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"all ended {clock.Elapsed.TotalSeconds:F1} s after the kill");
        }
        using Mpirun last = Mpirun.Start("openmpi", 3, [.. Arguments("broken", Steps), "--resume"]);
        (int ended, _, string told) = await last.EndAsync();
        Assert.True(ended == 0, told);
        Close(folder.At("whole"), folder.At("broken"));

        long Newest() => TrainingRun.NewestCheckpoint(folder.At("broken"))?.Step ?? 0;
    }

    private string[] Arguments(string run, int steps, int saveEvery = 1) =>
    [
        "train", "sft", "--model", Golden.At("models", "llava-1.5-tiny"), "--data", folder.At("world"), "--out", folder.At(run),
        "--set", $"run.save_every={saveEvery}",
        "--set", "training.seed=4", "--set", "training.batch_size=8", "--set", "training.micro_batch_size=2",
        "--set", "training.epochs=1000000", "--set", $"training.max_steps={steps}",
        "--set", "training.optimizer.learning_rate=1e-3", "--set", "training.optimizer.schedule=constant",
    ];

    private bool HasMetrics(string run) => File.Exists(folder.At(run, MetricsLog.FileName)) && new FileInfo(folder.At(run, MetricsLog.FileName)).Length > 0
        && TrainingRun.NewestCheckpoint(folder.At(run)) is not null == (run != "stopped");

    private static void Close(string expected, string actual)
    {
        (long Step, IReadOnlyDictionary<string, double> Values)[] want = [.. MetricsLog.Read(Path.Combine(expected, MetricsLog.FileName))];
        (long Step, IReadOnlyDictionary<string, double> Values)[] got = [.. MetricsLog.Read(Path.Combine(actual, MetricsLog.FileName))];
        Assert.Equal(want.Select(line => line.Step), got.Select(line => line.Step));
        foreach ((var one, var many) in want.Zip(got)) Assert.Equal(one.Values["loss"], many.Values["loss"], 1e-6);
    }
}
