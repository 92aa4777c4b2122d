using System.Text.Json.Nodes;

namespace SafeRlhfV.Evaluation;

/// <summary>The figures of a benchmark as a document: what stands in figures.json, and what --json prints.</summary>
public static class BenchmarkReport
{
    /// <summary>The document.</summary>
    /// <param name="run">The figures.</param>
    /// <param name="model">Whose answers.</param>
    /// <param name="data">Where the benchmark's files are.</param>
    /// <param name="harness">Another harness's figures of the same answers; null for none.</param>
    public static JsonObject ToJson(BenchmarkRun run, string model, string data, IReadOnlyList<HarnessFigure>? harness = null)
    {
        JsonObject document = new()
        {
            ["benchmark"] = run.Benchmark.Name,
            ["model"] = model,
            ["data"] = data,
            ["items"] = run.Items,
            ["dropped"] = new JsonArray([.. run.Dropped.GroupBy(drop => drop.Reason).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new JsonObject { ["reason"] = group.Key, ["items"] = group.Count(),
                    ["first"] = $"{group.First().File}: row {group.First().Row}" })]),
            ["answers"] = new JsonObject
            {
                ["count"] = run.Answers.Answers,
                ["empty"] = run.Answers.Empty,
                ["error"] = run.Answers.Errors,
                ["cut"] = Interval(run.Answers.Cut),
                ["meanTokens"] = Number(run.Answers.MeanTokens),
                ["meanCharacters"] = Number(run.Answers.MeanCharacters),
                ["refusalOfHarmful"] = Interval(run.Answers.RefusalOfHarmful),
                ["refusalOfHarmless"] = Interval(run.Answers.RefusalOfHarmless),
            },
            ["scorers"] = new JsonArray([.. run.Scorers.Select(result => Scorer(result, run.Items))]),
            ["agreement"] = new JsonArray([.. run.Agreement.Select(pair => new JsonObject
                { ["first"] = pair.First, ["second"] = pair.Second, ["kappa"] = Number(pair.Kappa), ["items"] = pair.Items })]),
        };
        if (harness is not null)
            document["harness"] = new JsonArray([.. harness.Select(figure => new JsonObject
            {
                ["by"] = figure.By,
                ["name"] = figure.Name,
                ["part"] = Part(figure.Of),
                ["value"] = Number(figure.Value),
                ["unit"] = figure.Unit,
            })]);
        return document;
    }

    private static JsonObject Scorer(ScorerResult result, int items) => new()
    {
        ["scorer"] = result.Scorer.Name,
        ["identity"] = result.Scorer.Identity,
        ["read"] = result.Count(VerdictStatus.Read),
        ["unparsed"] = result.Count(VerdictStatus.Unparsed),
        ["empty"] = result.Count(VerdictStatus.Empty),
        ["error"] = result.Count(VerdictStatus.Error),
        ["notAsked"] = items - result.Items.Count,
        ["figures"] = new JsonArray([.. result.Figures.Select(Of)]),
    };

    private static JsonObject Of(Figure figure)
    {
        JsonObject written = new() { ["name"] = figure.Name, ["part"] = Part(figure.By) };
        if (figure.Values.Count > 1) written["bounds"] = new JsonArray([.. figure.Values.Select(Number)]);
        else written["value"] = Number(figure.Value);
        if (figure.Interval is { } interval) (written["low"], written["high"]) = (Number(interval.Low), Number(interval.High));
        if (figure.Units is { } units) written["n"] = units;
        written["formula"] = figure.Formula;
        return written;
    }

    private static JsonObject Part(IReadOnlyList<(string Fact, string Value)> by) =>
        new(by.Select(part => KeyValuePair.Create(part.Fact, (JsonNode?)part.Value)));

    private static JsonObject? Interval(Estimate estimate) => double.IsNaN(estimate.Value) ? null
        : new() { ["value"] = estimate.Value, ["low"] = estimate.Low, ["high"] = estimate.High };

    // what there is nothing to take of is null: JSON has no NaN
    private static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
