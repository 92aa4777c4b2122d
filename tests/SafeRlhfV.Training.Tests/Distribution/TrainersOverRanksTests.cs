using SafeRlhfV.Data;
using SafeRlhfV.Testing;

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
        new("ppo-joint", 3), new("scores-heads-lora", 2), new("ppo-heads", 2), new("grpo-heads", 3), new("grpo-checked", 3), new("ppo-checked", 2),
    ];

    public static IEnumerable<TheoryDataRow<string, int>> Rest =>
        [.. TinyRecipes.Few.Concat(TinyRecipes.Rest).SelectMany(name => new[] { 2, 3, 4 }.Select(size => new TheoryDataRow<string, int>(name, size)))];

    [Theory, MemberData(nameof(Few))]
    public void LossesAreThoseOfOneProcess(string name, int size) => Compare(name, size, "few");

    [Theory, MemberData(nameof(Rest)), Trait("speed", "slow")]
    public void TheOthersToo(string name, int size) => Compare(name, size, "rest");

    // each test has folders of its own: they may run in one process
    private void Compare(string name, int size, string group)
    {
        string one = Run(name, 1, $"{group}/{name}/{size}/one"), many = Run(name, size, $"{group}/{name}/{size}/many");
        Close(one, many, Tolerance);
        // before the first update nothing was added up in another order
        if (!Samples(name)) Assert.Equal(Lines(one)[0].Values["loss"], Lines(many)[0].Values["loss"]);
    }

    /// <summary>
    /// Four ranks, and a batch that the recipe runs in one part or that has fewer rows than ranks: it is cut further, and some ranks may have nothing to do.
    /// </summary>
    [Theory]
    [InlineData("sft", "training.batch_size=3")]
    [InlineData("guard", "training.batch_size=5")]
    [InlineData("ppo", "training.rollout_batch=3", "training.mini_batch=3", "training.ptx_batch=1", "training.micro_batch=0", "training.update_epochs=2")]
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
        string[] sets = ["training.lengths.response_tokens=30", $"data.folder={Golden.At("beavertails-v", "flat")}"];
        if (name != "sft") sets = [.. sets[..1], "training.prompt_share=0.9"];
        string one = Run(name, 1, $"fit/{name}/one", sets), many = Run(name, 3, $"fit/{name}/many", sets);
        Close(one, many, Tolerance);
    }

    /// <summary>
    /// Rows with none, one and several images, dealt out over ranks: each row's text meets its own images, or the first loss would differ from that of one
    /// process.
    /// The features of images come in the order of the rows of a part, so that a wrong assignment cannot cancel out.
    /// </summary>
    [Theory]
    [InlineData("sft")]
    [InlineData("dpo")]
    public void ImagesStayWithTheirRows(string name)
    {
        WriteRowsOfSeveralImages(tiny.At($"rows-{name}"));
        string[] sets =
        [
            $"data.folder={tiny.At($"rows-{name}")}", "training.batch_size=4", "training.micro_batch_size=1", "training.max_steps=2",
            "training.lengths.prompt_tokens=2000", "training.lengths.total_tokens=2048",
        ];
        string one = Run(name, 1, $"images/{name}/1", sets), other = Run(name, 1, $"images/{name}/whole", [.. sets, "training.micro_batch_size=0"]);
        Close(one, other, 1e-5, "padding");
        foreach (int size in (int[])[2, 3, 4])
        {
            string many = Run(name, size, $"images/{name}/{size}", sets);
            Assert.Equal(Lines(one)[0].Values["loss"], Lines(many)[0].Values["loss"]);
            Close(one, many, Tolerance);
        }
    }

    [Fact]
    public void RanksThatWillHaveNothingToDoAreTold()
    {
        Recipe recipe = tiny.Recipe("sft-lora", "idle", "training.micro_batch_size=0", "training.max_steps=1");
        string[][] notes = ThreadRanks.Run(2, ranks =>
        {
            Notes told = new();
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false) with { Ranks = ranks }, told);
            return told.All.ToArray();
        });
        Assert.Contains("a batch is 1 part with LoRA dropout, so only 1 of 2 ranks work; set training.micro_batch_size lower.", notes[0]);
    }

    /// <summary>Ranks that read other files would learn from other rows: the first difference is named.</summary>
    [Fact]
    public void RanksThatReadOtherFilesAreRefused()
    {
        WriteRowsOfSeveralImages(tiny.At("elsewhere"));
        AggregateException error = Assert.Throws<AggregateException>(() => ThreadRanks.Run(2, ranks =>
        {
            Recipe recipe = tiny.Recipe("sft", "other-files", ranks.IsFirst ? [] : [$"data.folder={tiny.At("elsewhere")}"]);
            return RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false) with { Ranks = ranks });
        }));
        Assert.Contains("rank 1 does not read the same files as rank 0", error.InnerException!.Message);
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
        string[] parts = Samples(name) ? PpoParts : Parts;
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

    private static void WriteRowsOfSeveralImages(string folder) => DatasetMender.Write(Golden.At("formats", "multi", "paired"), folder);

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

    // whether a trainer samples responses
    private static bool Samples(string name) => name.StartsWith("ppo", StringComparison.Ordinal) || name.StartsWith("grpo", StringComparison.Ordinal);

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
