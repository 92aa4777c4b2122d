using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class EvalPreferenceVerbTests : IDisposable
{
    private static readonly string Base = Golden.At("models", "llava-1.5-tiny"), Pairs = Golden.At("beavertails-v", "paired");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task ItCountsWhatTheScoresSayOfEachPair()
    {
        string model = Model(1);
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("eval", "preference", "--model", model, "--as", "cost", "--data", Pairs, "--limit", "12", "--grey", "--json");
        Assert.True(code == 0, errors);
        JsonNode result = JsonNode.Parse(output)!["results"]!.AsArray().Single()!;

        (_, output, _) = await CapturedConsole.RunAsync("score", "--model", model, "--data", Pairs, "--limit", "12", "--json");
        double[][] scores = [.. JsonNode.Parse(output)!["scores"]!.AsArray()
            .Select(row => row!["scores"]!.AsArray().Select(score => score![0]!.GetValue<double>()).ToArray())];
        PreferencePair[] pairs = [.. PreferenceDataset.Open(Pairs).ReadPairs().Take(12)];
        Assert.Equal(pairs.Length, result["pairs"]!.GetValue<int>());
        Assert.Equal(pairs.Zip(scores).Average(one => (one.First.Safer == 1 ? one.Second[1] > one.Second[0] : one.Second[0] > one.Second[1]) ? 1.0 : 0),
            Figure(result, "noisy", "pairAccuracy"), 9);
        Assert.Equal(pairs.Zip(scores)
            .Average(one => ((one.Second[0] > 0 != one.First.Response1.IsSafe ? 1.0 : 0) + (one.Second[1] > 0 != one.First.Response2.IsSafe ? 1 : 0)) / 2),
                Figure(result, "noisy", "signAccuracy"), 9);
        Assert.NotNull(result["grey"]);
        Assert.Equal(pairs.Length, result["categories"]!.AsArray().Sum(category => category!["pairs"]!.GetValue<int>()));

        (code, output, _) = await CapturedConsole.RunAsync("eval", "preference", "--model", model, "--as", "reward", "--data", Pairs, "--limit", "4");
        Assert.Equal(0, code);
        Assert.StartsWith("RM-V on 4 pairs: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PairsLongerThanTheModelReadsMayBeLeftOutAndAreCounted()
    {
        string[] lines = [.. File.ReadLines(Golden.At("beavertails-v", "jsonl", "base64", "rows.jsonl")).Take(3)];
        JsonNode row = JsonNode.Parse(lines[1])!;
        row["response_2"] = string.Join(' ', Enumerable.Repeat("a", 5000));
        File.WriteAllLines(folder.At("rows.jsonl"), [lines[0], row.ToJsonString(), lines[2]]);
        string[] verb = ["eval", "preference", "--model", Model(1), "--as", "cost", "--data", folder.At("rows.jsonl")];
        (int code, string output, string errors) = await CapturedConsole.RunAsync(verb);
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("rows.jsonl: row 1: prompt and response have", errors);
        (code, output, errors) = await CapturedConsole.RunAsync([.. verb, "--skip-long", "--json"]);
        Assert.True(code == 0, errors);
        Assert.Contains("1 of 3 rows are left out: they are longer than the model reads", errors);
        JsonNode document = JsonNode.Parse(output)!;
        Assert.Equal(2, document["results"]![0]!["pairs"]!.GetValue<int>());
        Assert.InRange(document["calibrations"]![0]!["sign"]!["expectedError"]!.GetValue<double>(), 0, 1);
    }

    [Fact]
    public async Task AModelOfBothScoresIsMeasuredAsBoth()
    {
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("eval", "preference", "--model", Model(2), "--data", Pairs, "--limit", "4", "--json");
        Assert.True(code == 0, errors);
        Assert.Equal(["RM-V", "CM-V"], JsonNode.Parse(output)!["results"]!.AsArray().Select(result => result!["name"]!.GetValue<string>()));
        await CapturedConsole.RefusedAsync(["leave --as out"], "eval", "preference", "--model", Model(2, ModelKind.Scores), "--data", Pairs, "--as", "cost");
    }

    [Fact]
    public async Task ATextThatIsTooLongNamesItsRow()
    {
        string endless = string.Concat(Enumerable.Repeat("fox ", 5000));
        File.WriteAllText(folder.At("pairs.jsonl"), $$"""
            {"question":"What is this?","response_1":"A fox.","response_2":"A cow.","more_helpful_response_id":1}
            {"question":"What is this?","response_1":"A fox.","response_2":"{{endless}}","more_helpful_response_id":1}
            """ + "\n");
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("eval", "preference", "--model", Model(1), "--as", "reward", "--data", folder.At("pairs.jsonl"));
        Assert.Equal((CliHost.BadInput, ""), (code, output));
        Assert.Matches("pairs.jsonl: row 1: prompt and response have [0-9]+ tokens, and the model reads at most 4096", errors);
    }

    // the columns that a trainer demands are enough; the others may be absent, and categories may have names of their own
    [Fact]
    public async Task RowsNeedOnlyWhatTheScoreIsMeasuredBy()
    {
        File.WriteAllText(folder.At("pairs.jsonl"), """
            {"question":"What is this?","category":"my own harm","response_1":"A cat.","response_2":"No idea.","more_helpful_response_id":1,"safer_response_id":2,"is_response_1_safe":"no","is_response_2_safe":"yes"}
            {"question":"What is this?","category":"Animal Abuse","response_1":"A dog.","response_2":"A bird.","more_helpful_response_id":2,"safer_response_id":1,"response_1_harmless_rate":2,"response_2_harmless_rate":-1}
            {"question":"What is this?","response_1":"A fox.","response_2":"A cow.","safer_response_id":1}
            {"question":"What is this?","response_1":"A hen."}
            """);
        string[] common = ["eval", "preference", "--model", Model(2), "--data", folder.At("pairs.jsonl"), "--batch-size", "2", "--json"];
        (int code, string output, string errors) = await CapturedConsole.RunAsync(common);
        Assert.True(code == 0, errors);
        JsonNode[] results = [.. JsonNode.Parse(output)!["results"]!.AsArray().Select(result => result!)];
        Assert.Equal([2, 3], results.Select(result => result["pairs"]!.GetValue<int>()));
        Assert.Equal(["animal_abuse", "my own harm", "no category"],
            results[1]["categories"]!.AsArray().Select(category => category!["category"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Contains("2 of 4 rows are left out: reward needs two answers and more_helpful_response_id", errors, StringComparison.Ordinal);
        Assert.Contains("1 of 4 rows are left out: cost needs two answers and safer_response_id", errors, StringComparison.Ordinal);
        double sign = Figure(results[1], "noisy", "signAccuracy") * 4;
        Assert.Equal(Math.Round(sign), sign, 9); // four answers have a label or a rate, two have neither

        File.WriteAllText(folder.At("pairs.jsonl"),
            """{"question":"What is this?","response_1":"A fox.","response_2":"A cow.","more_helpful_response_id":1}""" + "\n");
        (code, _, errors) = await CapturedConsole.RunAsync(common);
        Assert.Equal(2, code);
        Assert.Contains("its only row cannot be used: cost needs two answers and safer_response_id", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "--as reward or --as cost")]
    [InlineData(2, "leave --as out", "--as", "cost")]
    [InlineData(5, "'guard evaluate'")]
    public async Task WhatAScoreStandsForHasToBeClear(int outputs, string message, params string[] more)
    {
        (int code, _, string errors) = await CapturedConsole.RunAsync(["eval", "preference", "--model", Model(outputs), "--data", Pairs, .. more]);
        Assert.Equal(2, code);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AModelThatSaysWhatItIsNeedsNoWordAndIsRefusedAsAnother()
    {
        string model = Model(1, ModelKind.Cost);
        (int code, string output, string errors) = await CapturedConsole.RunAsync("eval", "preference", "--model", model, "--data", Pairs, "--limit", "4");
        Assert.True(code == 0, errors);
        Assert.StartsWith("CM-V on 4 pairs: ", output, StringComparison.Ordinal);
        (code, _, errors) = await CapturedConsole.RunAsync("eval", "preference", "--model", model, "--as", "reward", "--data", Pairs, "--limit", "4");
        Assert.Equal(2, code);
        Assert.Contains("this is a cost model (CM-V), and --as reward needs a reward model (RM-V)", errors, StringComparison.Ordinal);
        (code, _, errors) = await CapturedConsole.RunAsync("generate", "--model", model, "--prompt", "What is this?");
        Assert.Equal(2, code);
        Assert.Contains("this is a cost model (CM-V), and generate needs a policy", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RowsWithoutPairsAreRefusedBeforeTheModelIsRead()
    {
        (int code, _, string errors) =
            await CapturedConsole.RunAsync("eval", "preference", "--model", folder.At("nowhere"), "--as", "cost", "--data", Golden.At("beavertails-v", "flat"));
        Assert.Equal(2, code);
        Assert.Contains("has no pairs", errors, StringComparison.Ordinal);
    }

    private static double Figure(JsonNode result, string labels, string name) => result[labels]![name]!["value"]!.GetValue<double>();

    private string Model(int outputs, ModelKind? kind = null)
    {
        string target = folder.At($"scores-{outputs}-{kind}");
        using VisionLanguageModel backbone = ModelCheckpoint.Load(Base);
        using ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, outputs, seed: 3, kind: kind));
        scores.Save(target);
        return target;
    }
}
