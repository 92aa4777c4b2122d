using System.Text.Json.Nodes;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>What --as prints is what the harness computed by running, for every benchmark of golden/scoring whose texts it reads.</summary>
public sealed class HarnessGoldenTests
{
    private static readonly string[] NotFacts = ["name", "ours", "formula", "harness", "tolerance"];

    public static IEnumerable<TheoryDataRow<string>> Benchmarks => ScoringGolden.Benchmarks.Where(name => Run(name).Any(one => !IsByPhrases(name, one.Item2)))
        .Select(name => new TheoryDataRow<string>(name));

    [Fact]
    public void OnlyFiguresByAHarnessesOwnPhrasesAreMissing()
    {
        Assert.True(Benchmarks.Count() >= 6);
        // of every benchmark of the list that a harness was run on, its figures are compared below, or it is said why not
        (string, string)[] missing = [.. ScoringGolden.Benchmarks.SelectMany(name => Run(name).Where(one => IsByPhrases(name, one.Item2))
            .Select(one => (HarnessOf(one.Item2), name))).Distinct().Order()];
        Assert.Equal(HarnessFigures.ByOwnPhrases.Order(), missing);
    }

    [Theory, MemberData(nameof(Benchmarks))]
    public void EveryFigureIsThatOfTheHarness(string name)
    {
        ScoringGolden golden = new(name);
        RawItem[] items = [.. golden.Read().Select((item, i) =>
            new RawItem(item.Id, item.Facts, ScoringGolden.Options(golden.Items[i]), Texts(golden, item.Id)))];
        Dictionary<string, double> found = HarnessFigures.Names.SelectMany(harness => HarnessFigures.Of(harness, name, golden.Form, items))
            .ToDictionary(figure => Key(figure.By, figure.Name, figure.Of), figure => figure.Value);
        int compared = 0;
        foreach ((JsonObject figure, JsonNode harness) in Run(name).Where(one => !IsByPhrases(name, one.Item2)))
        {
            string key = Key((string)harness["by"]!, (string)figure["name"]!,
                figure.Where(pair => !NotFacts.Contains(pair.Key)).Select(pair => (pair.Key, $"{pair.Value}")));
            Assert.True(found.TryGetValue(key, out double value), $"there is no {key}");
            Assert.True(Math.Abs((double)harness["value"]! - value) < 1e-9, $"{key}: {value} for {harness["value"]}");
            compared++;
        }
        Assert.True(compared > 0);
    }

    // figures that are no number of ours (a rule of phrases) have no place beside one
    private static IEnumerable<(JsonObject, JsonNode)> Run(string name) => new ScoringFigures(name).All.Where(figure => figure["ours"] is not null)
        .SelectMany(figure => figure["harness"]!.AsArray().Where(harness => (string)harness!["how"]! == "run"
            && ((string)harness["by"]!).Split(' ')[0] is "lmms-eval" or "ms-vlmeval").Select(harness => (figure, harness!)));

    private static bool IsByPhrases(string name, JsonNode harness) => HarnessFigures.ByOwnPhrases.Contains((HarnessOf(harness), name));

    private static string HarnessOf(JsonNode figure) => ((string)figure["by"]!).StartsWith("lmms-eval", StringComparison.Ordinal) ? "lmms-eval" : "vlmevalkit";

    private static Dictionary<string, string> Texts(ScoringGolden golden, string id)
    {
        if (golden.Verdicts.Count == 0) return new() { [ScoredItem.Only] = golden.Answers[id] };
        JsonObject verdict = golden.Verdicts.First(one => (string)one["id"]! == id);
        return golden.Form == ReplyForm.SafetyJudgement
            ? new() { ["safe"] = (string)verdict["safe"]![0]!, ["effective"] = (string)verdict["effective"]![0]! }
            : new() { [ScoredItem.Only] = (string?)verdict["reply"] ?? "" };
    }

    private static string Key(string by, string name, IEnumerable<(string Fact, string Value)> parts) =>
        $"{by} {name} {string.Join(' ', parts.Select(part => $"{part.Fact}={part.Value}").Order(StringComparer.Ordinal))}";
}
