using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class SampleEncoderTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    public static IEnumerable<TheoryDataRow<string>> Models => WeightDecayTests.Models;

    [Theory, MemberData(nameof(Models))]
    public void LengthsWithoutPixelsAreThoseWithThem(string name)
    {
        string folder = Golden.At("models", name);
        if (!Directory.EnumerateFiles(folder, "*processor_config.json").Any()) return; // no processor to ask
        ModelProcessor processor = ModelProcessor.Load(folder);
        LengthLimits limits = new();
        // a longer row is a fault of the recipe, not a row to drop
        limits = limits with { TotalTokens = Math.Min(limits.TotalTokens, processor.Model.MaxTokens) };
        SampleEncoder encoder = new(processor, limits), lengths = encoder.ForLengths();
        PreferenceDataset[] sets = [PreferenceDataset.Open(Golden.At("beavertails-v", "paired")),
            PreferenceDataset.Open(Golden.At("beavertails-v", "jsonl", "paths", "rows.jsonl"))];
        ConversationRecord[] rows = [.. sets.SelectMany(set => set.ReadRecords())];
        Assert.NotEmpty(rows);
        foreach (ConversationRecord row in rows)
        {
            string[] answers = [.. row.Answers.Select(answer => answer.Text)];
            IReadOnlyList<EncodedSample>? whole = encoder.Encode(row, answers), measured = lengths.Encode(row, answers);
            Assert.Equal(whole?.Select(sample => sample.Prompt), measured?.Select(sample => sample.Prompt));
            Assert.Equal(whole?.Select(sample => sample.Response), measured?.Select(sample => sample.Response));
            Assert.All(measured ?? [], sample => Assert.Null(sample.Images));
        }
        Assert.InRange(encoder.Dropped, 0, rows.Length / 2);
        Assert.Equal(encoder.Counts, lengths.Counts);
    }

    [Theory, MemberData(nameof(Models))]
    public void ImagesOfARowAreProcessedAsThoseOfOneConversation(string name)
    {
        string folder = Golden.At("models", name);
        if (!Directory.EnumerateFiles(folder, "*processor_config.json").Any()) return; // no processor to ask
        using TemporaryFolder data = new();
        File.Copy(Golden.At("images", "wide.jpg"), data.At("wide.jpg"));
        File.Copy(Golden.At("images", "tall.jpg"), data.At("tall.jpg"));
        const string Image = """{"type":"image"}""";
        File.WriteAllText(data.At("train.jsonl"), $$"""
            {"messages":[{"role":"user","content":[{{Image}},{{Image}},{"type":"text","text":"Which?"}]}],"images":["wide.jpg","tall.jpg"],"response":"A."}
            {"messages":[{"role":"user","content":[{{Image}},{"type":"text","text":"What?"}]}],"images":["wide.jpg"],"response":"A street."}
            """);
        ModelProcessor processor = ModelProcessor.Load(folder);
        SampleEncoder encoder = new(processor, new LengthLimits());
        foreach (ConversationRecord row in PreferenceDataset.Open(data.Path).ReadRecords())
        {
            RgbImage[] images = [.. row.Images.Select(image => ImageDecoder.Decode(image.Bytes!))];
            EncodedSample sample = Assert.Single(encoder.Encode(row, "The first.")!);
            EncodedPrompt prompt = processor.EncodePrompt([ChatTurn.User(images.Length == 2 ? "Which?" : "What?", images)]);
            Assert.Equal(prompt.Ids, sample.Prompt);
            Assert.Equal(prompt.Images.Select(image => image.Geometry), sample.Images!.Images.Select(image => image.Geometry));
            Assert.All(prompt.Images.Zip(sample.Images.Images), pair => Assert.Equal(pair.First.Pixels, pair.Second.Pixels));
        }
    }

    /// <summary>
    /// A prompt is never cut, and so no image within it: a row whose prompt is too long is left out and counted, whatever is done to answers.
    /// </summary>
    [Theory, MemberData(nameof(Models))]
    public void APromptIsLeftOutAndNeverCut(string name)
    {
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", name));
        ConversationRecord row = PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadRecords(RecordParts.Answers).First();
        int[] whole = new SampleEncoder(processor, new LengthLimits { PromptTokens = 4000, TotalTokens = 4096 }).EncodePrompt(row)!.Prompt;
        foreach (TooLong tooLong in Enum.GetValues<TooLong>())
        {
            SampleEncoder exact = new(processor, new LengthLimits { PromptTokens = whole.Length, ResponseTokens = 3, TotalTokens = 4096, TooLong = tooLong }),
                shorter = new(processor, new LengthLimits { PromptTokens = whole.Length - 1, ResponseTokens = 3, TotalTokens = 4096, TooLong = tooLong });
            Assert.Equal(whole, exact.EncodePrompt(row)!.Prompt);
            Assert.Null(shorter.EncodePrompt(row));
            Assert.Null(shorter.Encode(row, "an answer of more than three tokens, to be cut"));
            Assert.Equal((2, 0), (shorter.Dropped, shorter.Cut));
        }
    }

    [Fact]
    public void AnEmptyAnswerIsRefusedByItsRow()
    {
        SampleEncoder encoder = new(ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny")), new LengthLimits());
        ConversationRecord row = PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadRecords().Skip(1).First();
        Assert.Matches(@"parquet: row 1: the answer is empty", Assert.Throws<InvalidInputException>(() => encoder.Encode(row, "an answer", "")).Message);
    }

    [Theory]
    [InlineData("sft", "total_tokens")]
    [InlineData("reward", "total_tokens")]
    [InlineData("cost", "total_tokens")]
    [InlineData("scores", "total_tokens")]
    [InlineData("dpo", "total_tokens")]
    [InlineData("guard", "total_tokens")]
    [InlineData("ppo", "max_new_tokens")]
    public void RowsWithinTheRecipesLimitsAndBeyondTheModelsAreRefusedByName(string trainer, string setting)
    {
        string folder = ShortModel(trainer, 40);
        string Refused(params string[] more)
        {
            Recipe recipe = tiny.Recipe(trainer, $"short/{trainer}/{more.Length}",
                [.. trainer == "ppo" ? (string[])[$"model.policy={folder}", "training.calibration_rows=0"] : [$"model.folder={folder}"], .. more]);
            return Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message;
        }
        string message = Refused();
        Assert.Matches(@"row \d+: ", message);
        Assert.Contains("40", message);
        Assert.Contains(setting, message);
        // what the message advises is no fault of its own; rows that are longer are dropped then, here all
        Match advice = Regex.Match(message, @"set (training\.lengths\.\w+) to at most (\d+)");
        Assert.Contains("too long", Refused($"{advice.Groups[1].Value}={advice.Groups[2].Value}"));
        if (trainer == "ppo") Assert.EndsWith("set training.max_new_tokens to less than 40.", Refused("training.max_new_tokens=40", "training.seed=5"));
    }

    // the same weights with fewer positions
    private string ShortModel(string name, int positions)
    {
        string from = Golden.At("models", "llava-1.5-tiny"), to = tiny.At($"{name}-short");
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "config.json")))!;
        config["text_config"]!["max_position_embeddings"] = positions;
        File.WriteAllText(Path.Combine(to, "config.json"), config.ToJsonString());
        return to;
    }
}
