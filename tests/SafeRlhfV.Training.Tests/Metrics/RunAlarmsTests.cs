using SafeRlhfV.Objectives;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RunAlarmsTests
{
    private static readonly Dictionary<string, double> Healthy = new()
    {
        ["kl"] = 7,
        ["approximate_kl"] = 0.02,
        ["window_cost"] = -1.3,
        ["budget"] = -1.2,
        ["lambda"] = 0.7,
        ["entropy"] = 0.6,
        ["at_limit"] = 0.1,
        ["gradient_norm"] = 1,
        ["weight_outside_share"] = 0.01,
        ["weight_capped_share"] = 0,
    };

    [Theory]
    [InlineData("kl", 200, 1, "kl_coefficient")]
    [InlineData("approximate_kl", 0.9, 1, "learning_rate")]
    [InlineData("window_cost", 0.5, 30, "multiplier.maximum")]
    [InlineData("entropy", 0.001, 5, "temperature")]
    [InlineData("at_limit", 1, 3, "max_new_tokens")]
    [InlineData("gradient_norm", 1000, 1, "data validate")]
    [InlineData("weight_outside_share", 0.4, 1, "docs/scale.md")]
    [InlineData("weight_capped_share", 0.05, 1, "rollouts.weight_cap")]
    public void ASignThatLastsIsToldWithWhatToTryAndNotAtEveryStep(string metric, double bad, int lasts, string advice)
    {
        RunAlarms alarms = new();
        long step = 0;
        for (int i = 0; i < 40; i++) Assert.Empty(alarms.Check(++step, Healthy));
        Dictionary<string, double> ill = new(Healthy) { [metric] = bad };
        for (int i = 1; i < lasts; i++) Assert.Empty(alarms.Check(++step, ill));
        Assert.Contains(advice, Assert.Single(alarms.Check(++step, ill)));
        for (int i = 0; i < 49; i++) Assert.Empty(alarms.Check(++step, metric == "gradient_norm" ? Healthy : ill));
        if (metric != "gradient_norm") Assert.Single(alarms.Check(++step, ill));
    }

    [Fact]
    public void EachSeverityHasItsOwnBudgetToKeep()
    {
        RunAlarms alarms = new();
        Dictionary<string, double> severities = new(Healthy) { ["window_cost_severe"] = 0.2, ["budget_severe"] = 0.01, ["lambda_severe"] = 4 };
        for (int step = 1; step < 30; step++) Assert.Empty(alarms.Check(step, severities));
        Assert.Contains("of severe harm", Assert.Single(alarms.Check(30, severities)));
    }

    [Fact]
    public void ACostThatFallsTowardsItsBudgetIsNoAlarmNorIsOneThatNobodyHolds()
    {
        RunAlarms falling = new(), free = new();
        for (int step = 1; step <= 100; step++)
        {
            Assert.Empty(falling.Check(step, new Dictionary<string, double>(Healthy) { ["window_cost"] = -1.2 + Math.Exp(-step / 20.0) }));
            Assert.Empty(free.Check(step, new Dictionary<string, double>(Healthy) { ["window_cost"] = 2, ["lambda"] = 0 }));
        }
    }

    /// <summary>With positive parts J_C is how far costs are over the budget: it must fall to 0, whatever the budget is.</summary>
    [Theory]
    [InlineData(-0.5, 0, false)]
    [InlineData(-0.5, 0.3, true)]
    [InlineData(0.5, 0.3, true)]
    public void AnExcessOverTheBudgetMustFallToZero(double budget, double excess, bool isTold)
    {
        using TemporaryFolder folder = new();
        GrpoRecipe recipe = new()
        {
            Run = new() { Folder = folder.At("run") },
            Training = new() { Constraint = ConstraintKind.PositivePart, Multiplier = new() { Budget = budget } },
        };
        SmallRun.Train(recipe.ToRunOptions(resume: false), 30, metrics: _ => new() { ["window_cost"] = excess, ["budget"] = budget, ["lambda"] = 1 });
        Assert.Equal(isTold, File.Exists(folder.At("run", "alarms.jsonl")));
    }

    [Fact]
    public void AResumedRunKeepsTheSameAlarms()
    {
        using TemporaryFolder folder = new();
        double Loss(long step) => step is 20 or 22 ? 1 : 0;
        void Run(string name, long? stop)
        {
            RunOptions options = new() { Folder = folder.At(name), SaveEvery = 4 };
            SmallRun.Train(options, 24, stop,
                metrics: step => new() { ["kl"] = step >= 10 ? 99 : 1, ["at_limit"] = step >= 13 ? 1 : 0, ["loss"] = Loss(step) });
        }

        Run("whole", null);
        Assert.Throws<OperationCanceledException>(() => Run("stopped", 14));
        Run("stopped", null);
        string whole = File.ReadAllText(folder.At("whole", "alarms.jsonl"));
        Assert.Equal(whole, File.ReadAllText(folder.At("stopped", "alarms.jsonl")));
        Assert.Equal(2, File.ReadAllLines(folder.At("whole", "alarms.jsonl")).Length);
        Assert.Equal((byte)'{', File.ReadAllBytes(folder.At("whole", "alarms.jsonl"))[0]); // a byte order mark is no JSON
        Assert.Contains("\"step\":11", whole);
        Assert.Contains("\"step\":16", whole);
    }

    /// <summary>
    /// The alarm of the held-out judge needs both: a rising reward and a falling judge, each by more than its interval. Noise around a level raises it about as
    /// rarely as its width says.
    /// </summary>
    [Theory]
    [InlineData(0.1, -0.1, true)]
    [InlineData(0.1, 0.1, false)]
    [InlineData(0.1, 0, false)]
    [InlineData(-0.1, -0.1, false)]
    [InlineData(0, -0.1, false)]
    public void ARewardThatRisesWhileTheJudgeFallsIsAnAlarm(double reward, double judge, bool alarm)
    {
        RunAlarms alarms = new(judge: new JudgeSettings { Window = 10 });
        List<string> raised = [];
        for (int step = 1; step <= 40; step++)
        {
            raised.AddRange(alarms.Check(step, step % 2 == 0 ? Judged(reward * step, judge * step) : new Dictionary<string, double>()));
            Assert.Equal(step % 2 == 0 ? alarm && step >= 20 : null, alarms.IsHacking);
        }
        Assert.Equal(alarm ? 1 : 0, raised.Count); // told once in fifty steps
        if (alarm) Assert.Contains("reward hacking: over the last 10 judgements the reward rose by", raised[0]);
        Assert.Empty(new RunAlarms().Check(1, Judged(1, 1)));
    }

    [Fact]
    public void NoiseRaisesTheJudgesAlarmRarely()
    {
        RandomStream random = new(5, "judge");
        int hacking = 0;
        for (int run = 0; run < 2000; run++)
        {
            JudgeTrend trend = new(new JudgeSettings { Window = 10, Width = 1.645 }); // one-sided 5 % each
            for (int step = 0; step < 10; step++)
                if (trend.Add(Judged(0.05 * random.NextGaussian(), 0.05 * random.NextGaussian())) == true) hacking++;
        }
        Assert.InRange(hacking / 2000.0, 0, 0.006); // both at once: 0.25 %
    }

    private static Dictionary<string, double> Judged(double reward, double judge) =>
        new() { ["judged_reward"] = reward, ["judged_reward_error"] = 0.05, ["judge"] = judge, ["judge_error"] = 0.05 };
}
