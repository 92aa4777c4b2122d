using SafeRlhfV.Testing;

namespace SafeRlhfV.Core.Tests;

/// <summary>Work in stages: what is run, what is skipped, and what a change reaches.</summary>
public sealed class StageScheduleTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<string> run = [];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AFinishedStageIsSkipped()
    {
        Assert.Equal(["a", "b", "c", "d"], Run(Stages()));
        Assert.Empty(Run(Stages()));
    }

    [Fact]
    public void ChangedInputsReachTheStagesThatDependOnThemAlone()
    {
        Run(Stages());
        Assert.Equal(["b", "d"], Run(Stages(ofB: "other")));
        Assert.Equal(["a", "b", "c", "d"], Run(Stages(ofA: "other", ofB: "other")));
    }

    [Fact]
    public void FromRunsAStageAndItsDependantsAnew()
    {
        Run(Stages());
        Assert.Equal(["c", "d"], Open(Stages(), "c"));
        Assert.Equal(["c", "d"], Run(Stages(), from: "c"));
        Assert.Equal([], Open(Stages(), null));
    }

    [Fact]
    public void OnlyRunsAStageAndWhatItNeeds() => Assert.Equal(["a", "b"], Run(Stages(), only: "b"));

    [Fact]
    public void AStageWhoseFilesAreGoneIsRunAgain()
    {
        Run(Stages());
        File.Delete(folder.At("work", "c"));
        Assert.Equal(["c"], Run(Stages()));
    }

    [Fact]
    public void ACheckIsAlwaysRun()
    {
        Stage check = new("check", "", ["a"], work => Note("check", work)) { IsAlwaysRun = true };
        Run([.. Stages(), check]);
        Assert.Equal(["check"], Run([.. Stages(), check]));
    }

    /// <summary>A stage that failed continues; once its inputs have changed, what it left is deleted before it begins anew.</summary>
    [Fact]
    public void AStoppedStageMayContinueFromTheSameInputsOnly()
    {
        bool fails = true;
        List<(bool Resumes, bool IsThere)> seen = [];
        Stage Broken(string inputs) => new("a", "", [], work =>
        {
            seen.Add((work.Resumes, File.Exists(folder.At("work", "a"))));
            File.WriteAllText(folder.At("work", "a"), "half");
            if (fails) throw new InvalidOperationException("broken");
            run.Add("a");
            return "";
        })
        { Inputs = inputs, Makes = [folder.At("work", "a")] };
        for (int i = 0; i < 2; i++) Assert.Throws<InvalidOperationException>(() => Run([Broken("one")]));
        Assert.Throws<InvalidOperationException>(() => Run([Broken("two")]));
        fails = false;
        Run([Broken("two")]);
        Assert.Equal([(false, false), (true, true), (false, false), (true, true)], seen);
    }

    [Fact]
    public void AFolderBelongsToOneRunAtATime()
    {
        using StageRecord held = Open();
        Assert.Contains("another process", Assert.Throws<InvalidInputException>(Open).Message);
    }

    [Fact]
    public void AFolderOfOtherSettingsOrOtherThingsIsRefused()
    {
        Open().Dispose();
        Assert.Contains("other settings", Assert.Throws<InvalidInputException>(() => StageRecord.Open(folder.At("work"), "others", "start over")).Message);
        File.WriteAllText(folder.At("work", "stages.json"), "{");
        Assert.Contains("damaged; start over", Assert.Throws<InvalidInputException>(Open).Message);
        Directory.CreateDirectory(folder.At("mine"));
        File.WriteAllText(folder.At("mine", "text"), "");
        Assert.Contains("something else", Assert.Throws<InvalidInputException>(() => StageRecord.Open(folder.At("mine"), "", "")).Message);
    }

    [Fact]
    public void AStageCannotDeleteWhatLiesOutside()
    {
        Stage outside = new("a", "", [], _ => "") { Makes = [folder.At("other")] };
        Assert.Throws<InvalidOperationException>(() => Run([outside]));
    }

    private Stage[] Stages(string ofA = "", string ofB = "") =>
    [
        Make("a", [], ofA), Make("b", ["a"], ofB), Make("c", ["a"], ""), Make("d", ["b", "c"], ""),
    ];

    private Stage Make(string name, string[] after, string inputs) => new(name, $"does {name}", after, work => Note(name, work))
    {
        Inputs = inputs,
        Makes = [folder.At("work", name)],
    };

    private string Note(string name, StageWork work)
    {
        lock (run) run.Add(name);
        File.WriteAllText(folder.At("work", name), "");
        work.Report(1, 1, "");
        return "";
    }

    private IReadOnlyList<string> Open(Stage[] stages, string? from)
    {
        using StageRecord record = Open();
        return new StageSchedule(stages, record, from: from).Open;
    }

    private string[] Run(Stage[] stages, string? only = null, string? from = null)
    {
        run.Clear();
        using StageRecord record = Open();
        IReadOnlyList<StageTime> times = new StageSchedule(stages, record, only, from).Run(1, TestContext.Current.CancellationToken);
        Assert.Equal(run, times.Where(time => !time.Resumed).Select(time => time.Name));
        return [.. run];
    }

    private StageRecord Open() => StageRecord.Open(folder.At("work"), "settings", "start over");
}
