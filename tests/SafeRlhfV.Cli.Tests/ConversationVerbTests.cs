using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>Rows of several turns or images in verbs that judge: the whole conversation counts, or the row is refused by name; never a part of it.</summary>
[Collection(CapturedConsole.Name)]
public sealed class ConversationVerbTests : IDisposable
{
    private static readonly string[] Images = [.. Directory.EnumerateFiles(Golden.At("formats", "multi", "paired-jsonl", "images"), "*.png").Order().Take(2)];
    private static readonly object First = new { role = "user", content = "What is this?" }, Answer = new { role = "assistant", content = "A pattern." },
        Last = new { role = "user", content = "What colour?" };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("guard", "evaluate", "DATA", "--guard", "nowhere")]
    [InlineData("guard", "calibrate", "DATA", "--guard", "nowhere")]
    [InlineData("guard", "regenerate", "--data", "DATA", "--guard", "nowhere", "--model", "nowhere")]
    [InlineData("eval", "judge", "--data", "DATA", "--candidate", "ANSWERS", "--baseline", "ANSWERS", "--judge", "nowhere")]
    [InlineData("data", "annotate", "DATA", "--work", "WORK", "--status")]
    public async Task SeveralTurnsAreRefusedByName(params string[] verb)
    {
        string plain = Row(null, []), turns = Row([First, Answer, Last], []);
        File.WriteAllText(folder.At("answers.jsonl"), """{"row":"default/train/0","question":"What colour?","response":"blue"}""");
        foreach (string[] rows in (string[][])[[turns], [plain, turns]])
        {
            string file = folder.At($"rows-{rows.Length}.jsonl");
            File.WriteAllLines(file, rows);
            string[] words = [.. verb.Select(word =>
                word switch { "DATA" => file, "ANSWERS" => folder.At("answers.jsonl"), "WORK" => folder.At("work"), _ => word })];
            (int code, _, string errors) = await CapturedConsole.RunAsync(words);
            Assert.Equal(CliHost.BadInput, code);
            Assert.True(errors.Contains("several messages", StringComparison.Ordinal)
                || errors.Contains("messages, which none of the first", StringComparison.Ordinal)
                || errors.Contains("holds messages", StringComparison.Ordinal), errors);
        }
    }

    [Fact]
    public async Task WhatShowsOneImageRefusesTwoAndAGuardIsGivenAll()
    {
        File.WriteAllLines(folder.At("rows.jsonl"),
            [Row([new { role = "user", content =
                (object[])[new { type = "image" }, new { type = "image" }, new { type = "text", text = "Which is darker?" }] }], Images)]);
        GuardExample example = GuardExamples.Read(folder.At("rows.jsonl"))[0];
        Assert.Equal((2, "Which is darker?"), (example.Request.Images.Count, example.Request.Question));
        File.WriteAllText(folder.At("answers.jsonl"), """{"row":"default/train/0","response":"blue"}""");
        foreach (string[] verb in (string[][])[["eval", "judge", "--data", folder.At("rows.jsonl"), "--candidate", folder.At("answers.jsonl"), "--baseline",
            folder.At("answers.jsonl"), "--judge", "nowhere"],
            ["data", "annotate", folder.At("rows.jsonl"), "--work", folder.At("work"), "--status"]])
        {
            (int code, _, string errors) = await CapturedConsole.RunAsync(verb);
            Assert.Equal(CliHost.BadInput, code);
            Assert.Contains("2 images", errors, StringComparison.Ordinal);
        }
        // an image behind a text would stand elsewhere than it did in training
        File.WriteAllLines(folder.At("behind.jsonl"),
            [Row([new { role = "user", content = (object[])[new { type = "text", text = "What is it?" }, new { type = "image" }] }], [Images[0]])]);
        Assert.Contains("behind a text", Assert.Throws<InvalidInputException>(() => GuardExamples.Read(folder.At("behind.jsonl"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task PreferenceIsMeasuredOnWholeConversations()
    {
        DatasetMender.Write(Golden.At("formats", "multi", "paired"), folder.At("rows"));
        string model = folder.At("reward");
        using (VisionLanguageModel backbone = ModelCheckpoint.Load(Golden.At("models", "qwen2-vl-tiny")))
        using (ScoreModel scores = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, seed: 3, kind: ModelKind.Reward))) scores.Save(model);
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("eval", "preference", "--model", model, "--data", folder.At("rows"), "--json");
        Assert.True(code == 0, errors);
        JsonNode result = JsonNode.Parse(output)!["results"]![0]!;

        // the same from the scores of whole prompts, one by one
        ModelProcessor processor = ModelProcessor.Load(model);
        using ScoreModel loaded = ScoreModel.Load(model);
        ChatScorer scorer = new(loaded, processor);
        List<double> right = [];
        foreach (DatasetRow row in PreferenceDataset.Open(folder.At("rows")).ReadRows())
        {
            ConversationRecord record = row.ToRecord();
            if (PairLabels.Of(record, cost: false) is not { } labels) continue;
            EncodedPrompt prompt = ModelArguments.Encode(processor, row, null);
            Assert.Equal(record.Images.Count, prompt.Images.Count);
            float[] both = [.. record.Answers.Select(answer => scorer.Score([prompt], [answer.Text])[0][0])];
            right.Add(both[labels.Higher - 1] > both[2 - labels.Higher] ? 1 : 0);
        }
        Assert.Equal(right.Count, result["pairs"]!.GetValue<int>());
        Assert.Equal(right.Average(), result["noisy"]!["pairAccuracy"]!["value"]!.GetValue<double>(), 9);
    }

    // a row of every column that these verbs read
    private static string Row(object[]? messages, string[] images) => JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["question"] = "What colour?",
        ["image"] = null,
        ["messages"] = messages,
        ["images"] = images,
        ["response_1"] = "blue",
        ["response_2"] = "red",
        ["more_helpful_response_id"] = "1",
        ["safer_response_id"] = "1",
        ["is_response_1_safe"] = "yes",
        ["is_response_2_safe"] = "no",
    });
}
