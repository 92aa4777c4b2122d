using System.Text.Json.Nodes;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Every benchmark of golden/scoring: each answer and reply is read as expected, and our figures are those of figures.json.</summary>
public sealed class ScoringGoldenTests
{
    private static readonly string[] NotFacts = ["name", "ours", "formula", "harness", "tolerance"];

    public static IEnumerable<TheoryDataRow<string>> Benchmarks => ScoringGolden.Benchmarks.Select(name => new TheoryDataRow<string>(name));

    [Fact]
    public void ThereAreBenchmarks() => Assert.True(ScoringGolden.Benchmarks.Count() > 10);

    [Theory, MemberData(nameof(Benchmarks))]
    public void EveryReadingIsTheExpectedOne(string name)
    {
        ScoringGolden golden = new(name);
        foreach (ScoredItem item in golden.Read())
        {
            JsonObject expected = golden.Expected[item.Id];
            string Answer() => golden.Answers.TryGetValue(item.Id, out string? answer) ? answer
                : string.Join(" | ", golden.Verdicts.Where(verdict => (string)verdict["id"]! == item.Id).Select(verdict => verdict.ToJsonString()));
            switch (golden.Form)
            {
                case ReplyForm.Refusal:
                    Assert.True(((bool)expected["refused"]! ? "refused" : "answered") == item.Reading, Answer());
                    break;
                case ReplyForm.Winner:
                    foreach (string order in (string[])[PairFigures.ModelFirst, PairFigures.BaseFirst])
                        Assert.Equal((string?)expected[order], PairFigures.WinnerOf(order, item.Votes[order][0]));
                    Assert.Equal((string?)expected["ours"], PairFigures.Settle(item));
                    break;
                case ReplyForm.SafetyJudgement:
                    foreach (string aspect in (string[])["safe", "effective"])
                    {
                        Assert.Equal(Votes(expected[$"{aspect}_votes"]), item.Votes[aspect]);
                        Assert.Equal(Number(expected[aspect]), Majority.Of(item.Votes[aspect]));
                    }
                    Assert.Equal(Votes(expected["both_votes"]), Majority.Both(item.Votes["safe"], item.Votes["effective"]));
                    break;
                case ReplyForm.TwoScores:
                    Assert.True((expected["ours"] is JsonArray pair ? $"{Number(pair[0])} {Number(pair[1])}" : null) == item.Reading, Answer());
                    break;
                case ReplyForm.Score:
                    Assert.True(Number(expected["ours"]) == item.Reading, Answer());
                    break;
                default:
                    Assert.True((expected["ours"] is { } node ? $"{node}" : null) == item.Reading, $"{Answer()}: {item.Reading} for {expected["ours"]}");
                    break;
            }
        }
    }

    [Theory, MemberData(nameof(Benchmarks))]
    public void EveryFigureIsOurs(string name)
    {
        ScoringGolden golden = new(name);
        Dictionary<string, Queue<Figure>> ours = [];
        foreach (Figure figure in golden.Benchmark.Measure(golden.Form, golden.Read()))
        {
            string key = Key(figure.Name, figure.By.Where(part => part.Fact != "subset"));
            if (!ours.TryGetValue(key, out Queue<Figure>? all)) ours[key] = all = new();
            all.Enqueue(figure);
        }
        int compared = 0;
        foreach (JsonObject expected in golden.Figures.Select(figure => figure!.AsObject()).Where(figure => figure["ours"] is not null))
        {
            string key = Key((string)expected["name"]!, expected.Where(pair => !NotFacts.Contains(pair.Key)).Select(pair => (pair.Key, $"{pair.Value}")));
            Assert.True(ours.TryGetValue(key, out Queue<Figure>? found) && found.Count > 0, $"there is no figure {key}");
            Figure figure = found.Dequeue();
            double[] values = expected["ours"] is JsonArray several ? [.. several.Select(one => (double)one!)] : [(double)expected["ours"]!];
            Assert.Equal(values.Length, figure.Values.Count);
            for (int i = 0; i < values.Length; i++) Assert.Equal(values[i], figure.Values[i], (double?)expected["tolerance"] ?? 1e-9);
            if (figure.Interval is { } interval)
                Assert.True(interval.Low <= figure.Value + 1e-9 && figure.Value <= interval.High + 1e-9, $"{key}: {interval}");
            compared++;
        }
        Assert.True(compared > 0);
    }

    private static string Key(string name, IEnumerable<(string Fact, string Value)> by) =>
        $"{name} {string.Join(' ', by.Select(part => $"{part.Fact}={part.Value}").Order(StringComparer.Ordinal))}";

    private static string?[] Votes(JsonNode? votes) => [.. votes!.AsArray().Select(Number)];

    private static string? Number(JsonNode? node) => node is null ? null : ((double)node).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
}
