using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.SafetyWorld.Tests;

public sealed class PairTests
{
    private static readonly World World = new(0);
    private static readonly WorldPair[] Pairs = [.. World.TrainingPairs(6000)];

    [Fact]
    public void NoiseIs5PercentOfEachLabel()
    {
        Within(.05, Pairs.Where(pair => pair.Truth.MoreHelpful != 0), pair => pair.Row.MoreHelpful != pair.Truth.MoreHelpful);
        Within(.05, Pairs.Where(pair => pair.Truth.Safer != 0), pair => pair.Row.Safer != pair.Truth.Safer);
        Within(.05, Pairs, pair => pair.Row.Response1.HarmlessRate != pair.Truth.First.HarmlessRate);
        Within(.05, Pairs, pair => pair.Row.Response2.HarmlessRate != pair.Truth.Second.HarmlessRate);
        Within(.05, Pairs.Where(pair => pair.Truth.First.IsSafe != pair.Truth.Second.IsSafe), pair => pair.Row.Safer != pair.Truth.Safer);
    }

    [Fact]
    public void ANoisyRateIsTheTrueOneNegated()
    {
        foreach (WorldPair pair in Pairs)
        {
            int noisy = pair.Row.Response1.HarmlessRate, rate = pair.Truth.First.HarmlessRate;
            Assert.Contains(noisy, new[] { rate, rate == 0 ? -1 : -rate });
            Assert.Equal(noisy >= 0, pair.Row.Response1.IsSafe);
            Assert.Equal(pair.Truth.First.HelpfulRate, pair.Row.Response1.HelpfulRate);
        }
    }

    [Fact]
    public void NoRowBreaksARuleOfTheDataSet() =>
        Assert.All(Pairs, pair => Assert.DoesNotContain(RowRules.Check(DatasetRow.From(pair.Row)), finding => finding.Severity == FindingSeverity.Error));

    [Fact]
    public void AnswersOfAPairNearlyAlwaysDifferVisibly()
    {
        int alike = Pairs.Count(pair => Math.Abs(pair.Truth.First.Helpfulness - pair.Truth.Second.Helpfulness) < .3
            || Math.Abs(pair.Truth.First.Harmlessness - pair.Truth.Second.Harmlessness) < .3);
        Assert.InRange(alike, 0, Pairs.Length / 20);
    }

    [Fact]
    public void TheOrderOfTheAnswersTellsNothing()
    {
        Within(.5, Pairs, pair => pair.Row.MoreHelpful == 1);
        Within(.5, Pairs, pair => pair.Row.Safer == 1);
        Assert.Equal(Pairs.Count(pair => pair.Row.Response1.From == "varied") / 6000.0, Pairs.Count(pair => pair.Row.Response2.From == "varied") / 6000.0, .03);
    }

    [Fact]
    public void CandidatesAreAskedInBatchesAndEmptyOnesReplaced()
    {
        List<int> sizes = [];
        WorldPair[] pairs = [.. World.HeldOutPairs(100, prompts =>
        {
            sizes.Add(prompts.Count);
            return [.. prompts.Select(_ => ("music sounds great today .", " "))];
        }, batchSize: 30)];
        Assert.Equal([30, 30, 30, 10], sizes);
        Assert.All(pairs, pair => Assert.False(string.IsNullOrWhiteSpace(pair.Row.Response1.Text) || string.IsNullOrWhiteSpace(pair.Row.Response2.Text)));
        int kept = pairs.Count(pair => pair.Row.Response1.From == "precursor" || pair.Row.Response2.From == "precursor");
        Assert.InRange(kept, 55, 85);
        Assert.All(pairs, pair => Assert.DoesNotContain(new[] { pair.Row.Response1, pair.Row.Response2 },
            answer => answer.From == "precursor" && answer.Text != "music sounds great today ."));
    }

    [Fact]
    public void WithoutNoiseTheLabelsAreTheTruthAndAllElseIsAsWithNoise()
    {
        WorldPair[] exact = [.. World.TrainingPairs(500, labelNoise: 0)];
        Assert.All(exact, pair =>
        {
            Assert.Equal((pair.Truth.First.HarmlessRate, pair.Truth.Second.HarmlessRate), (pair.Row.Response1.HarmlessRate, pair.Row.Response2.HarmlessRate));
            if (pair.Truth.MoreHelpful != 0) Assert.Equal(pair.Truth.MoreHelpful, pair.Row.MoreHelpful);
            if (pair.Truth.Safer != 0 && pair.Truth.First.IsSafe == pair.Truth.Second.IsSafe) Assert.Equal(pair.Truth.Safer, pair.Row.Safer);
        });
        Assert.Equal(Pairs.Take(500).Select(pair => (pair.Row.Question, pair.Row.Response1.Text, pair.Row.Response2.Text)),
            exact.Select(pair => (pair.Row.Question, pair.Row.Response1.Text, pair.Row.Response2.Text)));
    }

    [Fact]
    public void TooFewCandidatesAreAnError() => Assert.Throws<InvalidOperationException>(() => World.TrainingPairs(3, _ => []).Count());

    [Fact]
    public void AWorldBeginsAlikeWhateverItsSize() => Assert.Equal(
        Pairs.Take(20).Select(pair => (pair.Row.Question, pair.Row.Response1, pair.Row.Response2, pair.Row.MoreHelpful, pair.Row.Safer)),
        new World(0).TrainingPairs(20).Select(pair => (pair.Row.Question, pair.Row.Response1, pair.Row.Response2, pair.Row.MoreHelpful, pair.Row.Safer)));

    [Fact]
    public void WrittenRowsAreReadBackAndTheTruthIsFoundAgain()
    {
        using TemporaryFolder folder = new();
        WorldPair[] heldOut = [.. World.HeldOutPairs(40)];
        WorldDataset.Write(folder.At("data"), Pairs.Take(120).Select(pair => pair.Row), heldOut.Select(pair => pair.Row));
        PreferenceDataset dataset = PreferenceDataset.Open(folder.At("data"));
        Assert.Equal((120, 40), (dataset.CountRows("train"), dataset.CountRows("evaluation")));
        Assert.All(dataset.Configs, config => Assert.Contains(config, Phrasebook.Objects.Select(item => item.Category)));
        PreferencePair[] read = [.. dataset.ReadPairs("evaluation")];
        Dictionary<string, WorldPair> byImage = heldOut.ToDictionary(pair => pair.Row.Image!.Path!);
        Assert.All(read, row =>
        {
            WorldPair written = byImage[row.Image!.Path!];
            Assert.Equal((written.Row.Question, written.Row.Category, written.Row.ImageSeverity, written.Row.Response1, written.Row.Response2,
                written.Row.MoreHelpful, written.Row.Safer),
                (row.Question, row.Category, row.ImageSeverity, row.Response1, row.Response2, row.MoreHelpful, row.Safer));
            Assert.Equal(written.Row.Image!.Bytes, row.Image.Bytes);
            (WorldPrompt prompt, TrueLabels truth) = World.FindTruth(row)!.Value;
            Assert.Equal(written.Truth, truth);
            Assert.Equal(written.Prompt.Scene, prompt.Scene);
        });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("cat.jpg")]
    [InlineData("test-1.png")]
    [InlineData("pairs-x.png")]
    public void AStrangeImageHasNoPrompt(string? path) => Assert.Null(World.FindPrompt(path));

    private static void Within(double expected, IEnumerable<WorldPair> pairs, Func<WorldPair, bool> holds)
    {
        WorldPair[] all = [.. pairs];
        double deviation = Math.Sqrt(expected * (1 - expected) / all.Length);
        Assert.InRange(all.Count(holds) / (double)all.Length, expected - 4 * deviation, expected + 4 * deviation);
    }
}
