using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using TorchSharp;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class ScoreVerbTests : IDisposable
{
    private static readonly string Base = Golden.At("models", "llava-1.5-tiny");

    private readonly TemporaryFolder folder = new();
    private readonly string model;
    private readonly float[] expected;

    // the reference's score case: its head on the base model
    public ScoreVerbTests()
    {
        model = folder.At("reward");
        using torch.Tensor weight = Read("score_weight"), ends = Read("end_scores");
        expected = [.. ends.data<float>()];
        using VisionLanguageModel backbone = ModelCheckpoint.Load(Base);
        using ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, seed: 0));
        using (torch.no_grad()) scores.Head.Weight.copy_(weight);
        scores.Save(model);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task ItPrintsTheReferencesEndScores()
    {
        // the conversations of the score case are the first ones of the log-probability case
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Base, "cases", "logp-left.json")));
        JsonElement[] samples = [.. document.RootElement.GetProperty("samples").EnumerateArray().Take(expected.Length)];
        for (int row = 0; row < samples.Length; row++)
        {
            List<string> arguments = ["score", "--model", model, "--response", samples[row].GetProperty("response").GetString()!];
            foreach (JsonElement part in samples[row].GetProperty("messages")[0].GetProperty("content").EnumerateArray())
                if (part.GetProperty("type").GetString() == "text") arguments.AddRange(["--prompt", part.GetProperty("text").GetString()!]);
            foreach (JsonElement image in samples[row].GetProperty("images").EnumerateArray())
                arguments.AddRange(["--image", Golden.At("images", image.GetString()!)]);
            (int code, string output, string errors) = await CapturedConsole.RunAsync([.. arguments]);
            Assert.True(code == 0, errors);
            Assert.Equal(expected[row], float.Parse(output, CultureInfo.InvariantCulture), 2e-4f);
        }
    }

    /// <summary>Several heads are one score with their disagreement behind it; what cannot disagree takes no --pessimism.</summary>
    [Fact]
    public async Task TheHeadsOfAnEnsembleAreJoined()
    {
        string ensemble = folder.At("cost-heads");
        using (VisionLanguageModel backbone = ModelCheckpoint.Load(Base))
        {
            using ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, seed: 0, kind: ModelKind.Cost, heads: 3));
            scores.Save(ensemble);
        }
        async Task<(double Score, double Disagreement)> Score(params string[] more)
        {
            (int code, string output, string errors) =
                await CapturedConsole.RunAsync(["score", "--model", ensemble, "--prompt", "Is it safe?", "--response", "Yes.", "--json", .. more]);
            Assert.True(code == 0, errors);
            JsonNode answer = JsonNode.Parse(output)!["answers"]![0]!;
            return (answer["score"]![0]!.GetValue<double>(), answer["disagreement"]![0]!.GetValue<double>());
        }
        (double mean, double disagreement) = await Score();
        Assert.True(disagreement > 0);
        Assert.Equal(mean + 2 * disagreement, (await Score("--pessimism", "2")).Score, 1e-5); // a cost: upwards
        (_, string line, _) = await CapturedConsole.RunAsync("score", "--model", ensemble, "--prompt", "Is it safe?", "--response", "Yes.");
        Assert.Contains("±", line);
        (int refused, _, string error) =
            await CapturedConsole.RunAsync("score", "--model", model, "--prompt", "Is it safe?", "--response", "Yes.", "--pessimism", "1");
        Assert.Equal((2, true), (refused, error.Contains("--pessimism: the model has one head", StringComparison.Ordinal)));
        (_, string info, _) = await CapturedConsole.RunAsync("model", "info", ensemble);
        Assert.Contains("score head: 1 output, 3 heads, a cost model (CM-V)", info);
    }

    [Fact]
    public async Task SeveralAnswersAndEveryAnswerOfADataSetAreScored()
    {
        (int code, string output, _) =
            await CapturedConsole.RunAsync("score", "--model", model, "--prompt", "Is it safe?", "--response", "Yes.", "--response", "No, never.", "--json");
        Assert.Equal(0, code);
        double[] direct = [.. JsonNode.Parse(output)!["answers"]!.AsArray().Select(answer => answer!["score"]![0]!.GetValue<double>())];
        Assert.NotEqual(direct[0], direct[1]);

        File.WriteAllLines(folder.At("rows.jsonl"), [Row("Is it safe?", "Yes.", "No, never."), Row("Who are you?", "I am an assistant.", "Nobody.")]);
        (code, output, _) = await CapturedConsole.RunAsync("score", "--model", model, "--data", folder.At("rows.jsonl"), "--json");
        Assert.Equal(0, code);
        JsonNode document = JsonNode.Parse(output)!;
        double[][] scores = [.. document["scores"]!.AsArray()
            .Select(row => row!["scores"]!.AsArray().Select(score => score![0]!.GetValue<double>()).ToArray())];
        Assert.Equal(2, scores.Length);
        for (int at = 0; at < 2; at++) Assert.Equal(direct[at], scores[0][at], 1e-4);
        Assert.Equal((scores[0][0] + scores[1][0]) / 2, document["means"]!["response_1"]!.GetValue<double>(), 1e-6);

        (code, output, _) = await CapturedConsole.RunAsync("score", "--model", model, "--data", folder.At("rows.jsonl"), "--out", folder.At("scores.jsonl"),
            "--batch-size", "1");
        Assert.Equal((0, folder.At("scores.jsonl") + "\n"), (code, output));
        JsonNode line = JsonNode.Parse(File.ReadAllLines(folder.At("scores.jsonl"))[1])!;
        Assert.Equal("default/train/1", line["row"]!.GetValue<string>());
        Assert.Equal(scores[1][1], line["scores"]![1]![0]!.GetValue<double>(), 1e-4);

        (code, output, _) = await CapturedConsole.RunAsync("score", "--model", model, "--data", folder.At("rows.jsonl"), "--limit", "1");
        Assert.Equal(3, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Split('\t').Length);
    }

    /// <summary>Answers of a model to a data set are scored as if they stood in its rows; a row without an answer is counted.</summary>
    [Fact]
    public async Task AnswersOfAFileAreScoredInPlaceOfTheRowsOwn()
    {
        File.WriteAllLines(folder.At("rows.jsonl"), [Row("Is it safe?", "Yes.", "No, never."), Row("Who are you?", "I am an assistant.", "Nobody."),
            Row("What is it?", "A cat.", "A dog.")]);
        string Answer(int row, string question, string response, string? error = null) =>
            JsonSerializer.Serialize(new { row = $"default/train/{row}", question, response, error });
        string[] answers = [Answer(0, "Is it safe?", "No, never."), Answer(1, "Who are you?", "", "longer than the model reads"),
            Answer(2, "What is it?", "A dog.")];
        File.WriteAllLines(folder.At("answers.jsonl"), answers);
        string[] verb = ["score", "--model", model, "--data", folder.At("rows.jsonl")];
        (int code, JsonElement own) = await CapturedConsole.JsonAsync(verb);
        Assert.Equal(0, code);
        (code, string output, string errors) = await CapturedConsole.RunAsync([.. verb, "--answers", folder.At("answers.jsonl"), "--json"]);
        Assert.True(code == 0, errors);
        Assert.Contains("1 row left out", errors);
        JsonElement[] scores = [.. JsonDocument.Parse(output).RootElement.GetProperty("scores").EnumerateArray()];
        Assert.Equal(["default/train/0", "default/train/2"], scores.Select(one => one.GetProperty("row").GetString()));
        foreach ((JsonElement one, int row) in scores.Zip([0, 2]))
            Assert.Equal(own.GetProperty("scores")[row].GetProperty("scores")[1][0].GetDouble(), one.GetProperty("scores")[0][0].GetDouble(), 1e-4);
        // of several answers a row each is scored, as those of a row of pairs are
        string Sample(int row, string response, int sample) => JsonSerializer.Serialize(new { row = $"default/train/{row}", response, sample });
        File.WriteAllLines(folder.At("several.jsonl"), [Sample(0, "No, never.", 1), Sample(0, "Yes.", 0), Sample(1, "I am an assistant.", 0),
            Sample(1, "Nobody.", 1), Sample(2, "A cat.", 0), Sample(2, "A dog.", 1)]);
        (code, JsonElement several) = await CapturedConsole.JsonAsync([.. verb, "--answers", folder.At("several.jsonl")]);
        Assert.Equal(0, code);
        Assert.Equal(Scored(own), Scored(several));
        Assert.Equal(own.GetProperty("means").ToString(), several.GetProperty("means").ToString());
        static IEnumerable<double> Scored(JsonElement document) => document.GetProperty("scores").EnumerateArray()
            .SelectMany(row => row.GetProperty("scores").EnumerateArray()).Select(score => score[0].GetDouble());
        File.WriteAllLines(folder.At("answers.jsonl"), [Answer(0, "Is it cold?", "No, never."), .. answers[1..]]);
        await CapturedConsole.RefusedAsync(["row default/train/0 answers another question"], [.. verb, "--answers", folder.At("answers.jsonl")]);
        File.WriteAllLines(folder.At("answers.jsonl"), answers[1..]);
        await CapturedConsole.RefusedAsync(["has no answer to row default/train/0"], [.. verb, "--answers", folder.At("answers.jsonl")]);
        await CapturedConsole.RefusedAsync(["--answers goes with --data"], "score", "--model", model, "--prompt", "x", "--response", "y", "--answers", "z");
    }

    [Theory]
    [InlineData(GuardHeads.Outputs, "unsafe=", " terrorism_or_extremism=", " severity_none=", " severity_severe=")]
    [InlineData(2, "reward=", " cost=")]
    [InlineData(3, "output_1=", " output_3=")]
    public async Task OutputsOfWhichThereAreSeveralHaveNames(int outputs, params string[] names)
    {
        using (VisionLanguageModel backbone = ModelCheckpoint.Load(Base))
        using (ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, outputs, seed: 0))) scores.Save(folder.At("several"));
        File.WriteAllLines(folder.At("rows.jsonl"), [Row("Is it safe?", "Yes.", "No, never.")]);
        string[] one = ["score", "--model", folder.At("several"), "--prompt", "Is it safe?", "--response", "Yes."], all = ["score", "--model",
            folder.At("several"), "--data", folder.At("rows.jsonl")];
        foreach (string[] arguments in (string[][])[one, all])
        {
            (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
            Assert.True(code == 0, errors);
            Assert.All(names, name => Assert.Contains(name, output));
            Assert.Equal(outputs * (arguments == one ? 1 : 2), output.Count(letter => letter == '='));
        }
        (_, string document, _) = await CapturedConsole.RunAsync([.. one, "--json"]);
        Assert.Equal(outputs, JsonNode.Parse(document)!["outputs"]!.AsArray().Count);
        (_, document, string told) = await CapturedConsole.RunAsync([.. all, "--json"]);
        JsonNode read = JsonNode.Parse(document)!, means = read["means"]!["response_1"]!;
        foreach ((string? name, JsonNode? score) in read["scores"]![0]!["outputs"]!.AsArray().Zip(read["scores"]![0]!["scores"]![0]!.AsArray(),
            (name, score) => ((string?)name, score)))
            Assert.Equal(score!.GetValue<double>(), means[name!]!.GetValue<double>(), 1e-6);
        Assert.All(names, name => Assert.Contains(name.Trim(), told[told.IndexOf("means: ", StringComparison.Ordinal)..]));
    }

    [Fact]
    public async Task ATextThatIsTooLongNamesItsRow()
    {
        File.WriteAllLines(folder.At("rows.jsonl"),
            [Row("Is it safe?", "Yes.", "No."), Row("Is it safe?", "Yes.", string.Concat(Enumerable.Repeat("never ", 5000)))]);
        await CapturedConsole.RefusedAsync(["rows.jsonl: row 1: prompt and response have ", "at most 4096"], "score", "--model", model, "--data",
            folder.At("rows.jsonl"));
    }

    [Fact]
    public async Task AnAdapterScoresWithItsOwnHeadOrTheModels()
    {
        string adapter = folder.At("adapter"), lora = Golden.At("models", "llava-1.5-tiny-lora");
        Directory.CreateDirectory(adapter);
        foreach (string file in Directory.GetFiles(lora, "adapter_*")) File.Copy(file, Path.Combine(adapter, Path.GetFileName(file)));
        string[] question = ["--prompt", "Is it safe?", "--response", "Yes.", "--json"];
        double plain = await ScoreOf(["--model", model, .. question]),
            under = await ScoreOf(["--model", model, "--adapter", adapter, "--device", "cpu", .. question]);
        Assert.NotEqual(plain, under, 1e-4);

        // the same as the merged model under the same head
        using (VisionLanguageModel merged = ModelCheckpoint.Load(model))
        using (ScoreModel scores = new(merged, ScoreHead.Load(model, merged.HiddenSize)))
        {
            using (torch.no_grad()) merged.Adapters.Load("merged", adapter).Merge();
            merged.Adapters.Remove("merged");
            scores.Save(folder.At("merged"));
        }
        Assert.Equal(await ScoreOf(["--model", folder.At("merged"), .. question]), under, 1e-4);

        // a head beside the adapter is the one that was trained with it: twice the weights, twice the score; the model below needs none
        using (VisionLanguageModel backbone = ModelCheckpoint.Load(Base))
        using (ScoreHead head = ScoreHead.Load(model, backbone.HiddenSize))
        {
            using (torch.no_grad()) head.Weight.mul_(2);
            head.Save(adapter);
        }
        Assert.Equal(2 * under, await ScoreOf(["--model", Base, "--adapter", adapter, .. question]), 1e-4);

        async Task<double> ScoreOf(string[] arguments)
        {
            (int code, string output, string errors) = await CapturedConsole.RunAsync(["score", .. arguments]);
            Assert.True(code == 0, errors);
            return JsonNode.Parse(output)!["answers"]![0]!["score"]![0]!.GetValue<double>();
        }
    }

    [Fact]
    public async Task BadInputIsOneLineThatNamesIt()
    {
        await Refuses("no score head", "score", "--model", Base, "--prompt", "q", "--response", "a");
        await Refuses("--response", "score", "--model", model, "--prompt", "q");
        await Refuses("--prompt", "score", "--model", model);
        await Refuses("no such folder", "score", "--model", folder.At("none"), "--prompt", "q", "--response", "a");
        File.WriteAllText(folder.At("rows.jsonl"), """{"question":"q","image":null,"response_1":"a"}""");
        await Refuses("response_2", "score", "--model", model, "--data", folder.At("rows.jsonl"), "--out", folder.At("scores.jsonl"));
        Assert.DoesNotContain(Directory.GetFiles(folder.Path), file => file.Contains("scores", StringComparison.Ordinal));
    }

    private static async Task Refuses(string said, params string[] arguments)
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == CliHost.BadInput, errors);
        Assert.Equal("", output);
        Assert.Contains(said, Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private static string Row(string question, string first, string second) =>
        new JsonObject { ["question"] = question, ["image"] = null, ["response_1"] = first, ["response_2"] = second }.ToJsonString();

    private static torch.Tensor Read(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Base, "cases", "score-left.safetensors"));
        return file.Read(name);
    }
}
