using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class CertifyVerbTests : IDisposable
{
    private const int Seed = 3, Rows = 12;

    private static readonly string Base = Golden.At("models", "llava-1.5-tiny"), Labelled = Golden.At("beavertails-v", "flat");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task APolicysAnswersAreGeneratedScoredLabelledAndCertified()
    {
        string data = WorldData(), cost = Model(1, ModelKind.Cost), file = folder.At("answers.jsonl");
        string[] budgets = ["--budget", "0", "--range", "-50,50", "--unsafe-budget", "0.9"];
        (int code, JsonElement whole) = await CapturedConsole.JsonAsync(["certify", "--policy", Base, "--cost", cost, "--data", data, "--split", "evaluation",
            "--world-seed", $"{Seed}", "--max-new-tokens", "6", "--temperature", "1", "--seed", "4", "--batch-size", "5", "--out", file, "--by", "severity",
            .. budgets]);
        JsonNode[] answers = [.. File.ReadLines(file).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(Rows, answers.Length);

        // the answers are those of 'generate', the costs those of 'score', the labels the exact rater's
        (int generated, _, string errors) = await CapturedConsole.RunAsync("generate", "--model", Base, "--data", data, "--split", "evaluation",
            "--max-new-tokens", "6", "--temperature", "1", "--seed", "4", "--out", folder.At("generated.jsonl"));
        Assert.True(generated == 0, errors);
        Assert.Equal(File.ReadLines(folder.At("generated.jsonl")).Select(line => Text(JsonNode.Parse(line)!, "response")),
            answers.Select(answer => Text(answer, "response")));
        DatasetRow[] rows = [.. PreferenceDataset.Open(data).ReadRows("evaluation")];
        File.WriteAllLines(folder.At("flat.jsonl"), rows.Zip(answers, (row, answer) =>
        {
            string image = folder.At(Path.GetFileName(row.Image!.Path!));
            File.WriteAllBytes(image, row.Image.Bytes!);
            return JsonSerializer.Serialize(new { question = row.Text("question"), image, response = Text(answer, "response") });
        }));
        (_, JsonElement scored) = await CapturedConsole.JsonAsync("score", "--model", cost, "--data", folder.At("flat.jsonl"), "--batch-size", "5");
        double[] costs = [.. scored.GetProperty("scores").EnumerateArray().Select(row => row.GetProperty("scores")[0][0].GetDouble())];
        Assert.Equal(costs, answers.Select(answer => answer["cost"]!.GetValue<double>()), (want, have) => Math.Abs(want - have) < 1e-5);
        Assert.Equal(costs.Average(), whole.GetProperty("cost").GetProperty("mean").GetDouble(), 1e-5);
        World world = new(Seed);
        int[] rates = [.. rows.Zip(answers, (row, answer) => Oracle.Rate(world.FindPrompt(row.Image!.Path)!, Text(answer, "response")).HarmlessRate)];
        Assert.Equal(rates.Select(rate => rate < 0), answers.Select(answer => answer["unsafe"]!.GetValue<bool>()));
        Assert.Equal(rates.Count(rate => rate < 0), whole.GetProperty("unsafe").GetProperty("unsafe").GetInt32());

        // too few answers for a budget of 0 in so wide a range; and the file gives the same certificate
        Assert.Equal((CliHost.CheckFailed, false), (code, whole.GetProperty("holds").GetBoolean()));
        (int again, JsonElement read) = await CapturedConsole.JsonAsync(["certify", "--scores", file, "--by", "severity", .. budgets]);
        Assert.Equal(code, again);
        foreach (string part in (string[])["cost", "unsafe", "bySeverity", "byCategory", "shuffleSeed", "delta"])
            Assert.Equal(whole.GetProperty(part).GetRawText(), read.GetProperty(part).GetRawText());
    }

    /// <summary>A policy's answers take long: what is wrong with the cost model is told before them.</summary>
    [Theory]
    [InlineData("1", "--pessimism: the model has one head")]
    [InlineData("-1", "--pessimism -1: give 0 or more")]
    public async Task PessimismIsCheckedBeforeThePolicyAnswers(string pessimism, string fault)
    {
        (int code, _, string errors) = await CapturedConsole.RunAsync("certify", "--policy", Base, "--cost", Model(1, ModelKind.Cost), "--data", WorldData(),
            "--split", "evaluation", "--max-new-tokens", "6", "--budget", "0", "--range=-50,50", $"--pessimism={pessimism}");
        Assert.Equal(CliHost.BadInput, code);
        Assert.StartsWith($"safe-rlhf-v: {fault}", errors.TrimStart(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItEndsWith0WhereTheBoundsHoldAndWith1WhereNot()
    {
        File.WriteAllLines(folder.At("scores.jsonl"), Enumerable.Range(0, 200).Select(i => $$"""{"cost":{{(i % 10 == 0 ? 1 : 0)}},"unsafe":{{(i % 10 == 0
            ? "true" : "false")}}}"""));
        string[] file = ["certify", "--scores", folder.At("scores.jsonl")], common = [.. file, "--range", "0,1"];
        (int code, string output, string errors) = await CapturedConsole.RunAsync([.. common, "--budget", "0.2", "--unsafe-budget", "0.2"]);
        Assert.True(code == 0, errors);
        Assert.Contains("certified: every bound", output);
        Assert.Contains("information only", output);
        Assert.Contains("shuffled by seed 0", output);
        (code, output, _) = await CapturedConsole.RunAsync([.. common, "--budget", "0.11"]);
        Assert.Equal(1, code);
        Assert.Contains("NOT certified", output);
        (code, output, errors) = await CapturedConsole.RunAsync([.. file, "--unsafe-budget", "0.11"]);
        Assert.Equal(1, code);
        Assert.Contains("the costs are not certified", errors);
        // clipped costs are said to be so, and more looks ask for more
        (code, output, _) = await CapturedConsole.RunAsync("certify", "--scores", folder.At("scores.jsonl"), "--range", "0,0.5", "--clip", "--budget", "0.2");
        Assert.Equal(0, code);
        Assert.Contains("cost cut to 0 .. 0.5 (20 of 200 were cut)", output);
        (_, JsonElement once) = await CapturedConsole.JsonAsync([.. common, "--budget", "0.2"]);
        (_, JsonElement often) = await CapturedConsole.JsonAsync([.. common, "--budget", "0.2", "--looks", "5"]);
        Assert.True(often.GetProperty("cost").GetProperty("betting").GetDouble() > once.GetProperty("cost").GetProperty("betting").GetDouble());
        Assert.Equal(0.01, often.GetProperty("cost").GetProperty("delta").GetDouble(), 1e-12);
    }

    [Fact]
    public async Task AnswersThatPeopleLabelledAreCertified()
    {
        ModeratedResponse[] rows = [.. PreferenceDataset.Open(Labelled).ReadRows().Select(row => row.ToModeratedResponse())];
        (int code, JsonElement json) = await CapturedConsole.JsonAsync("certify", "--data", Labelled, "--unsafe-budget", "0.99");
        Assert.Equal(0, code);
        Assert.Equal((rows.Count(row => !row.IsResponseSafe), rows.Length),
            (json.GetProperty("unsafe").GetProperty("unsafe").GetInt32(), json.GetProperty("unsafe").GetProperty("total").GetInt32()));
        Assert.Equal(rows.GroupBy(row => row.Category).Count(), json.GetProperty("byCategory").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("bySeverity").ValueKind); // such rows do not say how severe an answer is
    }

    [Fact]
    public async Task APolicyIsNotCertifiedOnRowsThatItWasTrainedOn()
    {
        string data = WorldData(), policy = Directory.CreateDirectory(folder.At("policy")).FullName;
        foreach (string file in Directory.EnumerateFiles(Base)) File.Copy(file, Path.Combine(policy, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(policy, "recipe.yaml"), $"trainer: sft\nmodel: {{ folder: {Base} }}\ndata: {{ folder: {data}, split: train }}\n");
        string[] common = ["certify", "--policy", policy, "--data", data, "--world-seed", $"{Seed}", "--unsafe-budget", "0.99", "--max-new-tokens", "2"];
        foreach (string[] split in (string[][])[[], ["--split", "train"]])
        {
            (int code, _, string errors) = await CapturedConsole.RunAsync([.. common, .. split]);
            Assert.Equal(CliHost.BadInput, code);
            Assert.Contains("the policy was trained on rows of it (data.folder, split train", errors);
        }
        (int other, _, string said) = await CapturedConsole.RunAsync([.. common, "--split", "evaluation"]);
        Assert.True(other is 0 or 1, said);
    }

    [Theory]
    [InlineData("certify needs --budget")]
    [InlineData("--budget needs --range", "--budget", "0.5")]
    [InlineData("the first number must be below", "--budget", "0.5", "--range", "1,0")]
    [InlineData("give the smallest and the largest", "--budget", "0.5", "--range", "1")]
    [InlineData("lies outside --range 0,1", "--budget", "2", "--range", "0,1")]
    [InlineData("--delta 0.7", "--budget", "0.5", "--range", "0,1", "--delta", "0.7")]
    [InlineData("--looks 0", "--budget", "0.5", "--range", "0,1", "--looks", "0")]
    [InlineData("--unsafe-budget 1", "--unsafe-budget", "1")]
    [InlineData("--by needs --unsafe-budget", "--budget", "0.5", "--range", "0,1", "--by", "severity")]
    [InlineData("needs --data (held-out rows) or --scores", "--budget", "0.5", "--range", "0,1")]
    [InlineData("give --cost", "--budget", "0.5", "--range", "0,1", "--data", "x", "--policy", "p")]
    [InlineData("needs labels", "--unsafe-budget", "0.5", "--data", "x", "--policy", "p")]
    [InlineData("--cost needs --budget", "--unsafe-budget", "0.5", "--data", "x", "--cost", "c")]
    [InlineData("--world-seed needs --unsafe-budget", "--budget", "0.5", "--range", "0,1", "--data", "x", "--cost", "c", "--world-seed", "1")]
    [InlineData("leave --policy, --cost, --data", "--unsafe-budget", "0.5", "--scores", "s", "--data", "x")]
    [InlineData("--range and --clip are about costs", "--unsafe-budget", "0.5", "--scores", "s", "--range", "0,1")]
    [InlineData("--split has no effect with --scores", "--unsafe-budget", "0.5", "--scores", "s", "--split", "test")]
    [InlineData("s.jsonl: no such file", "--unsafe-budget", "0.5", "--scores", "s.jsonl")]
    [InlineData("--temperature says how a policy answers", "--unsafe-budget", "0.5", "--scores", "s.jsonl", "--temperature", "1")]
    public async Task WhatDoesNotFitTogetherIsRefused(string message, params string[] arguments)
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync(["certify", .. arguments]);
        Assert.Equal((CliHost.BadInput, ""), (code, output));
        Assert.Contains(message, errors);
    }

    [Fact]
    public async Task OtherModelsAndRowsAreRefused()
    {
        string data = WorldData();
        await Refused("this is a reward model", "--data", Labelled, "--cost", Model(1, ModelKind.Reward), "--budget", "0", "--range", "-9,9");
        await Refused("has pairs of answers", "--data", data, "--unsafe-budget", "0.5");
        await Refused("not of the built-in world with seed 4", "--data", data, "--split", "evaluation", "--policy", Base, "--world-seed", "4",
            "--unsafe-budget", "0.5", "--max-new-tokens", "2");
        await Refused("each prompt gets one", "--data", data, "--policy", Base, "--world-seed", "3", "--unsafe-budget", "0.5", "--samples", "2",
            "--temperature", "1");

        static async Task Refused(string message, params string[] arguments)
        {
            (int code, _, string errors) = await CapturedConsole.RunAsync(["certify", .. arguments]);
            Assert.Equal(CliHost.BadInput, code);
            Assert.Contains(message, errors);
        }
    }

    [Fact]
    public async Task TheCostModelIsCheckedBeforeThePolicyAnswers()
    {
        string data = WorldData();
        string[] policy = ["certify", "--data", data, "--split", "evaluation", "--policy", Base, "--budget", "0", "--range", "-9,9", "--max-new-tokens", "2"];
        foreach ((string said, string cost) in ((string, string)[])
            [("this is a reward model", Model(1, ModelKind.Reward)), ("no such folder", folder.At("gone")), ("no such file", folder.Path),
             ("there is no score head", Base)])
        {
            (int code, _, string errors) = await CapturedConsole.RunAsync([.. policy, "--cost", cost]);
            Assert.Equal(CliHost.BadInput, code);
            Assert.Contains(said, errors);
            Assert.DoesNotContain("certify: answers", errors, StringComparison.Ordinal);
        }
        (int wrong, _, string told) = await CapturedConsole.RunAsync(["certify", "--data", data, "--split", "evaluation", "--policy", Base, "--world-seed", "4",
            "--unsafe-budget", "0.5", "--max-new-tokens", "2"]);
        Assert.Equal(CliHost.BadInput, wrong);
        Assert.DoesNotContain("certify: answers", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatAFileOfScoresCannotMeanIsRefused()
    {
        string file = folder.At("scores.jsonl");
        File.WriteAllLines(file, Enumerable.Range(0, 9).Select(i => $$"""{"row":"{{i}}","cost":-1e999}"""));
        await CapturedConsole.RefusedAsync(["line 1: the cost is infinite"], "certify", "--scores", file, "--budget", "0", "--range", "-1,1", "--clip");
        await CapturedConsole.RefusedAsync(["is a folder; name a file"], "certify", "--scores", folder.Path, "--budget", "0", "--range", "-1,1");
        await CapturedConsole.RefusedAsync(["--by 'nope': give severity or category."], "certify", "--scores", file, "--unsafe-budget", "0.5", "--by", "nope");
        await CapturedConsole.RefusedAsync(["--looks 'few': give a whole number."], "certify", "--scores", file, "--unsafe-budget", "0.5", "--looks", "few");
        await CapturedConsole.RefusedAsync(["--delta 'small': give a number."], "certify", "--scores", file, "--unsafe-budget", "0.5", "--delta", "small");
    }

    [Fact]
    public async Task SpellingsOfOneCategoryAreOneFamily()
    {
        string file = folder.At("spelled.jsonl");
        string[] names = ["animal_abuse", "Animal Abuse", "ANIMAL-ABUSE", " animal abuse ", "My Own/Kind", "my_own kind"];
        File.WriteAllLines(file, names.Select((name, i) => $$"""{"row":"{{i}}","unsafe":false,"category":"{{name}}"}"""));
        (_, JsonElement report) = await CapturedConsole.JsonAsync("certify", "--scores", file, "--unsafe-budget", "0.9", "--by", "category");
        Assert.Equal([("animal_abuse", 4), ("my_own_kind", 2)], report.GetProperty("byCategory").EnumerateArray()
            .Select(group => (group.GetProperty("name").GetString()!, group.GetProperty("total").GetInt32())));
    }

    private static string Text(JsonNode row, string name) => row[name]!.GetValue<string>();

    private string WorldData()
    {
        string data = folder.At("world");
        World world = new(Seed);
        WorldDataset.Write(data, world.TrainingPairs(2).Select(pair => pair.Row), world.HeldOutPairs(Rows).Select(pair => pair.Row));
        return data;
    }

    private string Model(int outputs, ModelKind kind)
    {
        string target = folder.At($"{kind}");
        using VisionLanguageModel backbone = ModelCheckpoint.Load(Base);
        using ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, outputs, seed: 3, kind: kind));
        scores.Save(target);
        return target;
    }
}
