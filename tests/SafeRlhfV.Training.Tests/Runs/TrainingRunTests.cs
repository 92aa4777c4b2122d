using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class TrainingRunTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void ARunStoppedAnywhereEndsAsAnUnbrokenOne(int saveEvery)
    {
        using TemporaryFolder folder = new();
        SmallRun.Result whole = SmallRun.Train(new RunOptions { Folder = folder.At("whole"), SaveEvery = saveEvery, Seed = 7 }, 10);
        for (int stop = 1; stop < 10; stop++)
        {
            RunOptions options = new() { Folder = folder.At($"stop{stop}"), SaveEvery = saveEvery, Seed = 7 };
            Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options, 10, stop));
            SmallRun.Result rest = SmallRun.Train(options, 10);
            Assert.Equal(stop, rest.Start);
            Assert.Equal(whole.Weights, rest.Weights);
            Assert.Equal(File.ReadAllBytes(folder.At("whole", "metrics.jsonl")), File.ReadAllBytes(folder.At($"stop{stop}", "metrics.jsonl")));
        }
    }

    [Fact]
    public void StepsPastTheCheckpointAreRunAgainAndTheirMetricsDropped()
    {
        using TemporaryFolder folder = new();
        SmallRun.Result whole = SmallRun.Train(new RunOptions { Folder = folder.At("whole"), SaveEvery = 4 }, 11);
        RunOptions options = new() { Folder = folder.At("killed"), SaveEvery = 4 };
        // an error that no one handles stands for a kill: the steps after the checkpoint of step 4 are lost
        Assert.Throws<NotFiniteNumberException>(() =>
            SmallRun.Train(options, 11, loss: step => step == 6 ? throw new NotFiniteNumberException() : double.NegativeZero));
        Assert.Equal(6, File.ReadAllLines(folder.At("killed", "metrics.jsonl")).Length);
        SmallRun.Result rest = SmallRun.Train(options, 11);
        Assert.Equal(4, rest.Start);
        Assert.Equal(whole.Weights, rest.Weights);
        Assert.Equal(File.ReadLines(folder.At("whole", "metrics.jsonl")).Skip(4), File.ReadLines(folder.At("killed", "metrics.jsonl")).Skip(4));
    }

    [Fact]
    public void AFinishedRunIsKnownAndItsResultWhole()
    {
        using TemporaryFolder folder = new();
        RunOptions options = new() { Folder = folder.At("run"), RecipeYaml = "a: 1\n" };
        SmallRun.Result first = SmallRun.Train(options, 5);
        Assert.Equal("whole", File.ReadAllText(folder.At("run", "result", "result.txt")));
        Assert.Equal("a: 1\n", File.ReadAllText(folder.At("run", "result", "recipe.yaml")));
        using (TrainingRun again = new("small", options)) Assert.True(again.IsFinished);
        Assert.Contains("is finished, and was made with another recipe (line 1: 'a: 1' there, 'a: 2' here)",
            Assert.Throws<InvalidInputException>(() => new TrainingRun("small", options with { RecipeYaml = "a: 2\n" })).Message);
        SmallRun.Result second = SmallRun.Train(options, 5);
        Assert.Equal(5, second.Start);
        Assert.Equal(first.Weights, second.Weights);
        Assert.Contains("there is a run in it already", Assert.Throws<InvalidInputException>(() => SmallRun.Train(options with { Resume = false }, 5)).Message);
    }

    [Fact]
    public void WhatWasCountedBeforeTheFirstStepIsNotCountedAgainAtAResume()
    {
        using TemporaryFolder folder = new();
        string data = folder.At("rows.txt");
        File.WriteAllText(data, "a");
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 1, RecipeYaml = "a: 1\n" };
        int counted = 0;
        UsableRows wanted = new(10, 7, 2);
        UsableRows Count(TrainingRun run, bool looksAtInputs)
        {
            if (looksAtInputs) run.CheckInputs([new RunInput("data.folder", [data], [])]);
            return run.Counted("rows", () =>
            {
                counted++;
                return wanted;
            });
        }
        UsableRows? found = null;
        Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options, 5, stopAfter: 2, track: run => found = Count(run, true)));
        Assert.Equal((wanted, 1), (found, counted));
        Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options, 5, stopAfter: 3, track: run => found = Count(run, true)));
        Assert.Equal((wanted, 1), (found, counted));

        // where nothing says that recipe and files are the same, it is counted
        Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options with { RecipeYaml = null }, 5, stopAfter: 4, track: run => Count(run, true)));
        Assert.Equal(2, counted);
        SmallRun.Train(options, 5, track: run => Count(run, false));
        Assert.Equal(3, counted);
    }

    [Fact]
    public void WithoutAFolderNothingIsWritten()
    {
        using TemporaryFolder folder = new();
        SmallRun.Result kept = SmallRun.Train(new RunOptions { Folder = folder.At("run") }, 6), free = SmallRun.Train(new RunOptions(), 6);
        Assert.Equal(kept.Weights, free.Weights);
        Assert.Equal(0, free.Start);
    }

    [Fact]
    public void ProgressTellsEveryStepWithTimes()
    {
        List<TrainingProgress> told = [];
        SmallRun.Train(new RunOptions(), 3, progress: new Listener(told.Add));
        Assert.Equal([1, 2, 3], told.Select(one => one.Done));
        Assert.All(told, one => Assert.Equal(3, one.Total));
        Assert.Contains("tokens_per_second", told[0].Metrics.Keys);
        Assert.Contains("seconds", told[0].Metrics.Keys);
    }

    [Fact]
    public void AnotherRecipeSeedOrPartIsRefused()
    {
        using TemporaryFolder folder = new();
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 1, Seed = 1, RecipeYaml = "a: 1\nb: 2\n" };
        Assert.Throws<OperationCanceledException>(() => SmallRun.Train(options, 5, 2));
        Assert.Contains("line 2: 'b: 2' there, 'b: 3' here",
            Assert.Throws<InvalidInputException>(() => SmallRun.Train(options with { RecipeYaml = "a: 1\nb: 3\n" }, 5)).Message);
        Assert.Contains("seed 1", Assert.Throws<InvalidInputException>(() => SmallRun.Train(options with { Seed = 2 }, 5)).Message);
        Assert.Contains("'more'", Assert.Throws<InvalidInputException>(() =>
            SmallRun.Train(options, 5, track: run => run.Track("more", new JsonPart<int>(() => 1, _ => { })))).Message);
        Assert.Equal(2, SmallRun.Train(options, 5).Start);
    }

    [Fact]
    public void TwoProcessesCannotHoldOneRun()
    {
        using TemporaryFolder folder = new();
        using TrainingRun first = new("small", new RunOptions { Folder = folder.At("run") });
        Assert.Contains("another run may hold it",
            Assert.Throws<InvalidInputException>(() => new TrainingRun("small", new RunOptions { Folder = folder.At("run") })).Message);
    }

    [Fact]
    public void AMetricThatIsNotFiniteEndsTheRunAndTheLastCheckpointStands()
    {
        using TemporaryFolder folder = new();
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 2 };
        string message = Assert.Throws<InvalidInputException>(() => SmallRun.Train(options, 9, loss: step => step == 5 ? double.NaN : 1)).Message;
        Assert.Contains("loss is NaN at step 6", message);
        Assert.Contains("step 4 is good", message);
        Assert.Equal(4, SmallRun.Train(options, 9).Start);
    }

    private sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}
