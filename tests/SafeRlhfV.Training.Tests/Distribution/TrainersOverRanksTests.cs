namespace SafeRlhfV.Training.Tests;

/// <summary>
/// Every trainer over several ranks gives the numbers of one process. Ranks are threads here, each with models of its own; SafeRlhfV.Cli.Tests runs
/// processes under mpirun.
/// </summary>
public sealed class TrainersOverRanksTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    // of losses, scores and λ; measures that are sums over tokens, such as the divergence, and norms gather more rounding
    private const double Tolerance = 1e-6, OfMeasures = 1e-5;

    // parts that each rank can have one of, so that the cut is the same for all
    private static readonly string[] Parts = ["training.batch_size=8", "training.micro_batch_size=2"];
    private static readonly string[] PpoParts =
        ["training.rollout_batch=8", "training.rollout_micro_batch=2", "training.mini_batch=4", "training.micro_batch=1", "training.ptx_batch=4"];

    public static IEnumerable<TheoryDataRow<string, int>> Few =>
    [
        new("sft", 2), new("reward-lora", 4), new("cost-tokens", 2), new("scores-lora", 2), new("dpo", 3), new("guard-prompts", 3), new("ppo-backbone", 2),
        new("ppo-joint", 3),
    ];

    public static IEnumerable<TheoryDataRow<string, int>> Rest =>
        [.. TinyRecipes.Few.Concat(TinyRecipes.Rest).SelectMany(name => new[] { 2, 3, 4 }.Select(size => new TheoryDataRow<string, int>(name, size)))];

    [Theory, MemberData(nameof(Few))]
    public void LossesAreThoseOfOneProcess(string name, int size)
    {
        string one = Run(name, 1, $"{name}/{size}/one"), many = Run(name, size, $"{name}/{size}/many");
        Close(one, many, Tolerance);
        // before the first update nothing was added up in another order
        if (!name.StartsWith("ppo", StringComparison.Ordinal)) Assert.Equal(Lines(one)[0].Values["loss"], Lines(many)[0].Values["loss"]);
    }

    [Theory, MemberData(nameof(Rest)), Trait("speed", "slow")]
    public void TheOthersToo(string name, int size) => LossesAreThoseOfOneProcess(name, size);

    /// <summary>
    /// Four ranks, and a batch that the recipe runs in one part or that has fewer rows than ranks: it is cut further, and some ranks may have nothing to do.
    /// </summary>
    [Theory]
    [InlineData("sft", "training.batch_size=3")]
    [InlineData("guard", "training.batch_size=5")]
    [InlineData("ppo", "training.rollout_batch=3", "training.mini_batch=3", "training.ptx_batch=1", "training.micro_batch=0")]
    public void FewRowsAreSharedToo(string name, params string[] sets)
    {
        string[] uncut = name == "ppo" ? [] : ["training.micro_batch_size=0"];
        string one = Run(name, 1, $"few/{name}/one", [.. sets, .. uncut]), many = Run(name, 4, $"few/{name}/many", [.. sets, .. uncut]);
        // parts of another size round otherwise
        Close(one, many, 1e-5, "padding");
    }

    /// <summary>Rows that do not fit are left out on all ranks alike, and those without pictures give the projector no gradient on some.</summary>
    [Theory]
    [InlineData("sft")]
    [InlineData("guard-prompts")]
    public void RowsThatDoNotFitAndRowsWithoutPictures(string name)
    {
        string[] sets = ["training.lengths.response_tokens=30", $"data.folder={Testing.Golden.At("beavertails-v", "flat")}"];
        if (name != "sft") sets = [.. sets[..1], "training.prompt_share=0.9"];
        string one = Run(name, 1, $"fit/{name}/one", sets), many = Run(name, 3, $"fit/{name}/many", sets);
        Close(one, many, Tolerance);
    }

    /// <summary>What two ranks began, two end in the same bits, and three or one within rounding.</summary>
    [Theory]
    [InlineData("scores-lora")]
    [InlineData("ppo-backbone")]
    public void AnyNumberOfRanksGoesOn(string name)
    {
        string whole = Run(name, 2, $"resume/{name}/whole");
        foreach (int size in (int[])[2, 3, 1])
        {
            string broken = $"resume/{name}/{size}";
            Assert.ThrowsAny<OperationCanceledException>(() => Run(name, 2, broken, stopAt: 1));
            Run(name, size, broken, resume: true);
            if (size == 2) RunFolders.Equal(whole, tiny.At(broken));
            else Close(whole, tiny.At(broken), Tolerance);
        }
    }

    [Fact]
    public void ThroughputOfEachRankAndTheSlowestAreTold()
    {
        string folder = Run("sft", 2, "throughput");
        string line = File.ReadLines(Path.Combine(folder, MetricsLog.TimesFileName)).Last();
        foreach (string figure in (string[])["rank_0_rows_per_second", "rank_1_rows_per_second", "slowest_rank", "slowest_rank_seconds"])
            Assert.Contains($"\"{figure}\":", line);
        Assert.DoesNotContain("rank", File.ReadAllText(Path.Combine(folder, MetricsLog.FileName)));
    }

    private string Run(string name, int size, string folder, string[]? sets = null, int? stopAt = null, bool resume = false)
    {
        string[] parts = name.StartsWith("ppo", StringComparison.Ordinal) ? PpoParts : Parts;
        Recipe Recipe() => tiny.Recipe(name, folder, [.. parts, .. sets ?? []]);
        bool Train(Ranks ranks)
        {
            using CancellationTokenSource cancel = new();
            Recipe recipe = Recipe();
            StopAt? stop = ranks.IsFirst && stopAt is { } step ? new StopAt(step, cancel) : null;
            return RecipeRunner.Run(recipe, recipe.ToRunOptions(resume) with { Ranks = ranks }, stop, cancel.Token);
        }
        if (size == 1) Train(Ranks.Alone);
        else ThreadRanks.Run(size, Train);
        return Recipe().Run.Folder;
    }

    private static void Close(string expected, string actual, double tolerance, params string[] but)
    {
        (long Step, IReadOnlyDictionary<string, double> Values)[] want = Lines(expected), got = Lines(actual);
        Assert.Equal(want.Select(line => line.Step), got.Select(line => line.Step));
        foreach (((long step, IReadOnlyDictionary<string, double> one), (_, IReadOnlyDictionary<string, double> many)) in want.Zip(got))
        {
            Assert.Equal(one.Keys, many.Keys);
            foreach ((string figure, double value) in one.Where(pair => !but.Contains(pair.Key)))
                Assert.True(
                    Math.Abs(value - many[figure]) <= (IsLoss(figure) ? tolerance : Math.Max(tolerance, OfMeasures)) * (1 + Math.Abs(value)),
                    $"step {step}: {figure} is {many[figure]:R}, of one process {value:R}");
        }
    }

    private static bool IsLoss(string figure) =>
        figure.EndsWith("loss", StringComparison.Ordinal) || figure is "reward" or "cost" or "window_cost" or "lambda" or "unsafe_share" or "length";

    private static (long Step, IReadOnlyDictionary<string, double> Values)[] Lines(string folder) =>
        [.. MetricsLog.Read(Path.Combine(folder, MetricsLog.FileName))];

    private sealed class StopAt(long step, CancellationTokenSource cancel) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Done >= step) cancel.Cancel();
        }
    }
}
