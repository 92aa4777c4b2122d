using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>Pairs as SafeDPO learns them, and what a run says of those that are reordered or left out.</summary>
public sealed class SafeDpoTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static readonly ModelProcessor Processor = ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny"));

    [Fact]
    public void ASafeAnswerWinsOverAnUnsafeOneAndTwoUnsafeOnesAreLeftOut()
    {
        using TemporaryFolder folder = new();
        World world = new(11);
        WorldDataset.Write(folder.Path, world.TrainingPairs(60).Select(pair => pair.Row), world.HeldOutPairs(1).Select(pair => pair.Row));
        SampleEncoder encoder = new SampleEncoder(Processor, new LengthLimits()).ForLengths();
        Dictionary<(bool First, bool Second), int> kinds = [];
        foreach (ConversationRecord row in PreferenceDataset.Open(folder.Path).ReadRecords(split: "train"))
        {
            PairSample preferred = PairSample.From(row, encoder, new(PreferenceKind.Helpful, Harm: true))!;
            (bool First, bool Second) kind = (preferred.PreferredRate < 0, preferred.OtherRate < 0);
            kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            PairSample? dropping = PairSample.From(row, encoder, new(PreferenceKind.SafeHelpful));
            PairSample keeping = PairSample.From(row, encoder, new(PreferenceKind.SafeHelpful) { BothUnsafe = BothUnsafe.Keep })!;
            Assert.Equal(kind == (true, true), dropping is null);
            bool swaps = kind == (true, false);
            Assert.Equal(swaps, keeping.IsReordered);
            Assert.Equal((swaps ? preferred.Other : preferred.Preferred).Response, keeping.Preferred.Response);
            Assert.Equal((swaps ? preferred.Preferred : preferred.Other).Response, keeping.Other.Response);
            Assert.Equal(kind.First != kind.Second ? 1 : 0, keeping.HarmGap);
            Assert.Equal((keeping.OtherRate < 0 ? 1 : 0) - (keeping.PreferredRate < 0 ? 1 : 0), keeping.HarmGap);
        }
        Assert.Equal(4, kinds.Count);
        Assert.Equal(kinds[(true, true)], encoder.BothUnsafe);
    }

    [Fact]
    public void TheMarginIsTheDifferenceOfTheRatesThatDecide()
    {
        SampleEncoder encoder = new SampleEncoder(Processor, new LengthLimits()).ForLengths();
        int helpful = 0, safe = 0;
        foreach (ConversationRecord row in PreferenceDataset.Open(tiny.At("world")).ReadRecords(split: "train"))
        {
            RecordAnswer better = row.Of(row.Preferences.Helpful!.Value), safer = row.Of(row.Preferences.Safe!.Value);
            RecordAnswer worse = row.Answers.Single(answer => answer != better), lessSafe = row.Answers.Single(answer => answer != safer);
            Assert.Equal(better.Rates.Helpful - worse.Rates.Helpful, Margin(PreferenceKind.Helpful));
            Assert.Equal(safer.Rates.Harmless - lessSafe.Rates.Harmless, Margin(PreferenceKind.Safe));
            bool bySafety = better.Rates.Harmless < 0 != worse.Rates.Harmless < 0;
            Assert.Equal(bySafety ? Math.Abs(better.Rates.Harmless!.Value - worse.Rates.Harmless!.Value) : Margin(PreferenceKind.Helpful),
                Margin(PreferenceKind.SafeHelpful));
            _ = bySafety ? safe++ : helpful++;

            int Margin(PreferenceKind kind) => PairSample.From(row, encoder, new(kind) { Margin = true, BothUnsafe = BothUnsafe.Keep })!.Margin;
        }
        Assert.True(helpful > 0 && safe > 0);
    }

    [Fact]
    public void ARunTellsOfReorderedAndDroppedPairsOnTheScreenInItsMetricsAndInItsSummary()
    {
        (int First, int Second)[] rates = [.. PreferenceDataset.Open(tiny.At("world")).ReadRecords(split: "train").Select(row =>
            (row.Of(row.Preferences.Helpful!.Value).Rates.Harmless!.Value, row.Answers.Sum(answer => answer.Rates.Harmless!.Value)))
            .Select(pair => (pair.Item1, pair.Item2 - pair.Item1))];
        int rows = rates.Length, unsafePairs = rates.Count(pair => pair is { First: < 0, Second: < 0 }),
            reordered = rates.Count(pair => pair is { First: < 0, Second: >= 0 });
        Assert.True(unsafePairs > 0 && reordered > 0, "the rows hold no pair of these kinds");

        // one epoch in one batch: the share of the batch is that of the data
        Recipe recipe = tiny.Recipe("dpo", "safe/told", "training.preference=safe_helpful", $"training.batch_size={rows - unsafePairs}", "training.epochs=1");
        Notes notes = new();
        Assert.True(RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), notes, TestContext.Current.CancellationToken));
        IReadOnlyDictionary<string, double> step = Assert.Single(MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName))).Values;
        Assert.Equal(reordered / (double)(rows - unsafePairs), step["reordered_share"], 1e-12);
        Assert.Equal(unsafePairs / (double)rows, step["both_unsafe_share"], 1e-12);
        Assert.Equal(unsafePairs / (double)rows, step["dropped_share"], 1e-12);
        Assert.Contains(notes.All, note => note.Contains($"{unsafePairs} with two unsafe answers", StringComparison.Ordinal)
            && note.Contains($"In {reordered} of {rows - unsafePairs} pairs", StringComparison.Ordinal));
        using JsonDocument summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(recipe.Run.Folder, "finished.json")));
        JsonElement counts = summary.RootElement.GetProperty("rows").GetProperty("rows");
        Assert.Equal((rows, rows - unsafePairs, unsafePairs, reordered), (counts.GetProperty("all").GetInt32(), counts.GetProperty("used").GetInt32(),
            counts.GetProperty("both_unsafe").GetInt32(), counts.GetProperty("reordered").GetInt32()));

        Recipe keep = tiny.Recipe("dpo", "safe/kept", "training.preference=safe_helpful", "training.both_unsafe=keep", $"training.batch_size={rows}",
            "training.epochs=1");
        Assert.True(RecipeRunner.Run(keep, keep.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
        IReadOnlyDictionary<string, double> kept = Assert.Single(MetricsLog.Read(Path.Combine(keep.Run.Folder, MetricsLog.FileName))).Values;
        Assert.Equal((0.0, 0.0), (kept["both_unsafe_share"], kept["dropped_share"]));
    }

    [Fact]
    public void PairsOfTwoUnsafeAnswersAloneAreRefusedWithTheSettingThatKeepsThem()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"), Enumerable.Range(0, 3).Select(i => JsonSerializer.Serialize(new
        {
            question = $"what is thing {i} ?",
            response_1 = "one .",
            response_2 = "two .",
            more_helpful_response_id = 1,
            is_response_1_safe = false,
            is_response_2_safe = false,
        })));
        Recipe recipe = tiny.Recipe("dpo", "safe/none", $"data.folder={folder.At("rows.jsonl")}", "training.preference=safe_helpful");
        string message = Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken)).Message;
        Assert.Contains("3 with two unsafe answers", message);
        Assert.Contains("training.both_unsafe=keep", message);
    }
}
