namespace SafeRlhfV.Training.Tests;

/// <summary>The held-out judge beside RM-V: who it is, when it is asked, what its alarm does.</summary>
public sealed class RolloutJudgeTests : IClassFixture<TinyRecipes>
{
    private readonly TinyRecipes tiny;

    public RolloutJudgeTests(TinyRecipes tiny)
    {
        this.tiny = tiny;
        TestRater.Register();
    }

    public static IEnumerable<TheoryDataRow<string, string>> Judges =>
    [
        new("ppo", "model.judge=reward"), new("grpo", "model.judge=reward"), new("ppo-heads", "training.judge.heads=1"),
        new("grpo-heads", "training.judge.heads=2"), new("grpo-heads", "model.judge=reward-heads-adapter"), new("ppo", "training.judge.rater=test"),
        new("grpo", "training.judge.rater=test"),
    ];

    /// <summary>A judge changes nothing but the figures that it adds in its rounds; held-out heads alone leave the reward.</summary>
    [Theory, MemberData(nameof(Judges))]
    public void AJudgeIsAskedInItsRoundsAndTeachesNothing(string name, string judge)
    {
        if (judge == "model.judge=reward-heads-adapter") judge = $"model.judge={tiny.At("reward-heads-adapter")}";
        if (judge == "model.judge=reward") judge = $"model.judge={tiny.At("other-reward")}";
        if (!Directory.Exists(tiny.At("other-reward"))) Copy(tiny.At("reward"), tiny.At("other-reward"));
        if (name == "grpo-heads" && judge.StartsWith("model.judge", StringComparison.Ordinal) && !Directory.Exists(tiny.At("judge-heads")))
            Copy(tiny.At("reward-heads-adapter"), tiny.At("judge-heads"));
        judge = judge.Replace(tiny.At("reward-heads-adapter"), tiny.At("judge-heads"), StringComparison.Ordinal);
        string run = $"{name}-{judge.Split('=')[0]}";
        (long Step, IReadOnlyDictionary<string, double> Values)[] plain = Run(name, $"judged/{run}-plain"),
            judged = Run(name, $"judged/{run}", judge, "training.judge.every=2", "training.rounds=4");
        Assert.Equal([2, 4], judged.Where(line => line.Values.ContainsKey("judge")).Select(line => line.Step));
        Assert.All(judged.Where(line => line.Values.ContainsKey("judge")), line =>
        {
            Assert.Equal(line.Values["reward"], line.Values["judged_reward"], 1e-5);
            Assert.True(line.Values["judge_error"] > 0 && line.Values["judged_reward_error"] > 0);
            Assert.Equal(0, line.Values["reward_hacking"]);
        });
        if (judge.StartsWith("training.judge.heads", StringComparison.Ordinal)) return;
        foreach ((var before, var with) in plain.Zip(judged))
            foreach ((string figure, double value) in before.Values) Assert.Equal(value, with.Values[figure]);
    }

    [Fact]
    public void HeldOutHeadsGiveNoReward()
    {
        IReadOnlyDictionary<string, double> all = Run("grpo-heads", "heads/all", "training.rounds=1")[0].Values;
        IReadOnlyDictionary<string, double> two = Run("grpo-heads", "heads/two", "training.rounds=1", "training.judge.heads=1")[0].Values;
        IReadOnlyDictionary<string, double> one = Run("grpo-heads", "heads/one", "training.rounds=1", "training.judge.heads=2")[0].Values;
        Assert.NotEqual(all["reward"], two["reward"]);
        Assert.True(two["reward_disagreement"] > 0);
        Assert.Equal(0, one["reward_disagreement"]); // one head cannot disagree
        Recipe none = tiny.Recipe("grpo-heads", "heads/none", "training.judge.heads=3");
        Assert.Contains("3 heads are to judge, and one at least must give the reward",
            Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(none, none.ToRunOptions(resume: false))).Message);
    }

    [Theory]
    [InlineData("training.judge.every=1", "training.judge: nobody judges")]
    [InlineData("training.judge.heads=1 training.judge.rater=test", "training.judge: several judge")]
    [InlineData("training.judge.rater=test training.judge.window=5", "training.judge.window: 5 must be even")]
    [InlineData("training.judge.rater=test training.rollout_batch=1 training.mini_batch=1", "a standard error takes two prompts")]
    [InlineData("model.judge=elsewhere", "model.judge: judges where training.judge says when")]
    public void ARecipeIsRefused(string sets, string message)
    {
        foreach (string name in (string[])["ppo", "grpo"])
            Assert.Contains(message, Assert.Throws<InvalidInputException>(() => tiny.Recipe(name, "refused", sets.Split(' '))).Message);
    }

    [Fact]
    public void RowsOfOtherDataAreANamedError()
    {
        Recipe recipe = tiny.Recipe("ppo", "foreign", "training.judge.rater=test", "training.judge.rater_seed=-1");
        Assert.Contains("is none of the data that 'test' knows; change training.judge.rater and training.judge.rater_seed",
            Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message);
    }

    /// <summary>With stop the alarm ends the run, its state saved; a resumed run is stopped again by the next judgement.</summary>
    [Fact]
    public void TheAlarmStopsARunAndItsResumption()
    {
        RunOptions options = new() { Folder = tiny.At("stopped"), Judge = new() { Window = 4, Stop = true } };
        Assert.Contains("stopped at step 4 by training.judge.stop: reward hacking", Assert.Throws<RunStoppedException>(() => Hack(options)).Message);
        Assert.Equal(4, TrainingRun.NewestCheckpoint(options.Folder)!.Value.Step);
        Assert.Contains("stopped at step 5", Assert.Throws<RunStoppedException>(() => Hack(options)).Message);
        (long Step, IReadOnlyDictionary<string, double> Values)[] lines = [.. MetricsLog.Read(Path.Combine(options.Folder, MetricsLog.FileName))];
        Assert.Equal([0, 0, 0, 1, 1], lines.Select(line => line.Values["reward_hacking"]));
        Assert.Single(File.ReadAllLines(Path.Combine(options.Folder, "alarms.jsonl")));

        RunOptions warns = options with { Folder = tiny.At("warned"), Judge = new() { Window = 4 } };
        Hack(warns);
        Assert.Contains("reward hacking", Assert.Single(File.ReadAllLines(Path.Combine(warns.Folder!, "alarms.jsonl"))));
    }

    /// <summary>Judge and refusals are the same over several ranks, whoever judges, and all ranks stop at the same alarm.</summary>
    [Theory]
    [InlineData("ppo-heads", "training.judge.heads=1")]
    [InlineData("grpo-heads", "training.judge.heads=1")]
    [InlineData("grpo", "training.judge.rater=test")]
    public void RanksJudgeAndStopAsOneProcessDoes(string name, string judge)
    {
        (string? Stop, (long Step, IReadOnlyDictionary<string, double> Values)[] Lines) Judged(int size)
        {
            Recipe Recipe() => tiny.Recipe(name, $"ranks/{name}-{size}", judge, "training.judge.window=4", "training.judge.width=0", "training.judge.stop=true",
                "training.rounds=10", "training.rollout_batch=8", "training.mini_batch=4", "training.micro_batch=1", "training.ptx_batch=4",
                "training.refusal.benign=test");
            string? Train(Ranks ranks)
            {
                try
                {
                    RecipeRunner.Run(Recipe(), Recipe().ToRunOptions(resume: false) with { Ranks = ranks });
                    return null;
                }
                catch (RunStoppedException stop)
                {
                    return stop.Message.Split(':')[1];
                }
            }
            string?[] stops = size == 1 ? [Train(Ranks.Alone)] : ThreadRanks.Run(size, Train);
            Assert.Single(stops.Distinct());
            return (stops[0], [.. MetricsLog.Read(Path.Combine(Recipe().Run.Folder, MetricsLog.FileName))]);
        }
        (string? oneStop, var one) = Judged(1);
        (string? manyStop, var many) = Judged(2);
        Assert.NotNull(oneStop); // rounding may move the step, but not whether ten rounds raise it
        Assert.NotNull(manyStop);
        foreach (string figure in (string[])["judge", "judge_error", "judged_reward", "over_refusal_rate"])
            Assert.Equal(one[0].Values[figure], many[0].Values[figure], 1e-5);
    }

    private static void Hack(RunOptions options)
    {
        using TrainingRun run = new("test", options, cancellationToken: TestContext.Current.CancellationToken);
        for (long done = run.Resume(); done < 8;)
            run.Step(++done, 8, new Dictionary<string, double>
            {
                ["judge"] = -done,
                ["judge_error"] = 0.01,
                ["judged_reward"] = done,
                ["judged_reward_error"] = 0.01,
            });
        run.Finish();
    }

    private (long Step, IReadOnlyDictionary<string, double> Values)[] Run(string name, string run, params string[] sets)
    {
        Recipe recipe = tiny.Recipe(name, run, ["training.rounds=4", .. sets]);
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        return [.. MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName))];
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
