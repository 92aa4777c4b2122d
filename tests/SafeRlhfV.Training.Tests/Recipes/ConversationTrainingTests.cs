using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>Rows of several turns and several images, some without any, through every trainer.</summary>
public sealed class ConversationTrainingTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static readonly string[] Sets = ["training.batch_size=4", "training.micro_batch_size=2", "training.max_steps=2",
        "training.lengths.prompt_tokens=2000", "training.lengths.total_tokens=2048"];

    [Theory]
    [InlineData("sft", "paired")]
    [InlineData("sft", "flat-jsonl")]
    [InlineData("dpo", "paired-jsonl")]
    [InlineData("reward", "paired")]
    [InlineData("cost", "paired")]
    [InlineData("scores", "paired")]
    [InlineData("guard", "flat")]
    [InlineData("guard", "paired")]
    [InlineData("ppo", "paired")]
    [InlineData("grpo", "paired")]
    public void EveryTrainerLearnsFromThem(string kind, string set)
    {
        using TemporaryFolder folder = new();
        DatasetMender.Write(Golden.At("formats", "multi", set), folder.At("rows"));
        long rows = PreferenceDataset.Open(folder.At("rows")).CountRows("train");
        string[] sets = kind is "ppo" or "grpo"
            ? [$"data.prompts.folder={folder.At("rows")}", $"data.instructions.folder={folder.At("rows")}", "training.calibration_rows=2", "training.rounds=1",
                "training.lengths.prompt_tokens=2000", "training.lengths.total_tokens=2040"]
            : [$"data.folder={folder.At("rows")}", .. Sets];
        (JsonElement[] steps, string[] notes) = Run(tiny.Recipe(kind, $"conversations/{kind}-{set}", sets));
        Assert.All(steps, step => Assert.True(double.IsFinite(step.GetProperty(kind is "ppo" or "grpo" ? "actor_loss" : "loss").GetDouble())));
        Assert.Equal(0, steps[^1].GetProperty("dropped_rows").GetInt64());
        Assert.True(rows > 2);
        Assert.DoesNotContain(notes, note => note.Contains("are left out", StringComparison.Ordinal));
    }

    [Fact]
    public void AFormatThatWritesEarlierAnswersOtherwiseThanTheLastRefusesToLearnThem()
    {
        SampleEncoder encoder = new(ModelProcessor.Load(Golden.At("models", "llava-onevision-tiny")),
            new LengthLimits { PromptTokens = 4000, TotalTokens = 4096 });
        Assert.Contains("\"loss\": false", Assert.Throws<InvalidInputException>(() => encoder.EncodeConversation(Conversation(null))).Message,
            StringComparison.Ordinal);
        Assert.NotNull(encoder.EncodeConversation(Conversation(false)));
    }

    [Theory]
    [InlineData("llava-1.5-tiny", false)]
    [InlineData("llava-next-tiny", false)]
    [InlineData("qwen2-vl-tiny", true)]
    [InlineData("qwen2.5-vl-tiny", true)]
    [InlineData("qwen3-vl-tiny", true)]
    [InlineData("internvl3-tiny", true)]
    [InlineData("internvl3-tiny-sharded", true)]
    public void EveryAnswerIsLearntAsIfItWereTheLast(string name, bool endsTurns)
    {
        string folder = Golden.At("models", name);
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { Dtype = ScalarType.Float32 });
        ModelProcessor processor = ModelProcessor.Load(folder);
        SampleEncoder encoder = new(processor, new LengthLimits { PromptTokens = 4000, TotalTokens = 4096 });
        using VisionCache cache = new(model, processor.Images, 0);
        PolicyRole policy = new(model);
        ConversationRecord whole = Conversation(null);
        EncodedSample both = encoder.EncodeConversation(whole)!, measured = encoder.ForLengths().EncodeConversation(whole)!;
        Assert.Equal(both.Response, measured.Response);
        Assert.Equal(both.Learnt, measured.Learnt);
        EncodedSample last = encoder.EncodeConversation(Conversation(false))!,
            first = encoder.EncodeConversation(whole with
            {
                Source = new RowPosition("default", "train", "rows", 1, 1),
                Images = [whole.Images[0]],
                Messages = [.. whole.Messages.Take(2)]
            })!;
        Assert.Null(last.Learnt);
        Assert.Null(encoder.EncodeConversation(whole with { Messages = [.. whole.Messages.Select(message => message with { Loss = false })] }));
        Assert.Equal(first.Prompt, both.Prompt);
        int missing = endsTurns ? 0 : 1; // these formats write no end token inside a conversation
        Assert.Equal(first.Response.Length - missing + last.Response.Length, both.LearntTokens);

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        double Sum(EncodedSample sample, int leaveOut) =>
            policy.LogProbs(SequenceBatch.Collate([sample], processor.PadTokenId, cache)).narrow(1, 0, sample.Response.Length - leaveOut).sum().item<float>();
        double expected = -(Sum(first, missing) + Sum(last, 0)) / both.LearntTokens;
        Assert.Equal(expected, policy.NextTokenLoss(SequenceBatch.Collate([both], processor.PadTokenId, cache)).item<float>(), 1e-4);
        // beside a shorter row, padded
        double together = policy.NextTokenLoss(SequenceBatch.Collate([both, first], processor.PadTokenId, cache)).item<float>();
        Assert.Equal(-(Sum(first, missing) + Sum(last, 0) + Sum(first, 0)) / (both.LearntTokens + first.LearntTokens), together, 1e-4);
    }

    [Theory]
    [InlineData("sft", "question,image,response", "")]
    [InlineData("dpo", "question,image,response_1,response_2,more_helpful_response_id", "")]
    [InlineData("dpo", "question,image,response_1,response_2,overall_response_id", "")]
    [InlineData("dpo", "question,image,response_1,response_2,safer_response_id", "training.preference=safe")]
    [InlineData("dpo", "question,image,response_1,response_2,more_helpful_response_id,is_response_1_safe,is_response_2_safe",
        "training.preference=safe_helpful")]
    [InlineData("dpo", "question,image,response_1,response_2,more_helpful_response_id,response_1_harmless_rate,response_2_harmless_rate",
        "training.preference=safe_helpful")]
    [InlineData("dpo", "question,image,response_1,response_2,more_helpful_response_id,response_1_helpful_rate,response_2_helpful_rate", "training.beta=margin")]
    [InlineData("reward", "question,image,response_1,response_2,more_helpful_response_id", "")]
    [InlineData("cost", "question,image,response_1,response_2,safer_response_id,is_response_1_safe,is_response_2_safe", "")]
    [InlineData("cost", "question,image,response_1,response_2,safer_response_id,response_1_harmless_rate,response_2_harmless_rate", "")]
    [InlineData("guard", "question,response,is_response_safe", "")]
    [InlineData("ppo", "question,image", "")]
    public void ATrainerDemandsOnlyTheColumnsItUses(string kind, string columns, string set)
    {
        using TemporaryFolder folder = new();
        string file = folder.At("rows.jsonl");
        WriteRows(file, columns.Split(','));
        string data = kind == "ppo" ? "data.prompts.folder" : "data.folder";
        Recipe Recipe(string run, string path) => tiny.Recipe(kind, $"columns/{kind}-{columns.Length}-{run}",
            [$"{data}={path}", .. kind == "ppo" ? (string[])["training.rounds=1", "training.calibration_rows=0"] : ["training.max_steps=1"],
                .. set.Length > 0 ? (string[])[set] : []]);
        (JsonElement[] steps, _) = Run(Recipe("all", file));
        Assert.Single(steps);
        if (kind is "ppo") return;
        // without the last column there is nothing to learn from, and the error names it
        string[] fewer = [.. columns.Split(',')[..^1]];
        WriteRows(file, fewer.Where(column => !column.StartsWith("is_", StringComparison.Ordinal) && !column.EndsWith("_rate", StringComparison.Ordinal))
            .ToArray());
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => Run(Recipe("fewer", file)));
        Assert.Contains(kind == "dpo" && columns.Contains("overall", StringComparison.Ordinal) ? "more_helpful_response_id" : columns.Split(',')[^1],
            error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OwnCategoriesAreMappedAndUnknownOnesNamed()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"),
            Enumerable.Range(0, 6).Select(i =>
                JsonSerializer.Serialize(new
                {
                    question = $"what is thing {i} ?",
                    response = $"thing {i} .",
                    is_response_safe = i % 2 == 0 ? "Yes" : "0",
                    category = i < 3 ? "Cruelty" : "Animal Abuse"
                })));
        Recipe unknown = tiny.Recipe("guard", "categories/unknown", $"data.folder={folder.At("rows.jsonl")}", "training.max_steps=1");
        Assert.Contains("data categories", Assert.Throws<InvalidInputException>(() => Run(unknown)).Message);
        Recipe mapped = tiny.Recipe("guard", "categories/mapped", $"data.folder={folder.At("rows.jsonl")}", "training.max_steps=1",
            "data.categories=[cruelty=animal_abuse]");
        Assert.Single(Run(mapped).Steps);
        Recipe wrong = tiny.Recipe("guard", "categories/wrong", $"data.folder={folder.At("rows.jsonl")}", "training.max_steps=1",
            "data.categories=[cruelty=meanness]");
        Assert.Contains("'meanness'", Assert.Throws<InvalidInputException>(() => Run(wrong)).Message);
    }

    // two turns, an image in each
    private static ConversationRecord Conversation(bool? loss)
    {
        byte[] image = File.ReadAllBytes(Directory.EnumerateFiles(Golden.At("formats"), "*.png", SearchOption.AllDirectories).Order().First());
        return new ConversationRecord
        {
            Kind = RecordKind.Conversation,
            Images = [new EncodedImage(image, null), new EncodedImage(image, null)],
            Messages =
            [
                new ConversationMessage(ConversationRole.User, [MessagePart.OfImage(0), MessagePart.OfText("what is this ?")]),
                ConversationMessage.Of(ConversationRole.Assistant, "a red knife .", loss),
                new ConversationMessage(ConversationRole.User, [MessagePart.OfImage(1), MessagePart.OfText("and this one ?")]),
                ConversationMessage.Of(ConversationRole.Assistant, "lock it away ."),
            ],
        };
    }

    private static void WriteRows(string file, IReadOnlyCollection<string> columns)
    {
        File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(file)!, "a.png"),
            File.ReadAllBytes(Directory.EnumerateFiles(Golden.At("formats"), "*.png", SearchOption.AllDirectories).Order().First()));
        File.WriteAllLines(file, Enumerable.Range(0, 6)
            .Select(i => JsonSerializer.Serialize(columns.ToDictionary(column => column, column => (object)(column switch
            {
                "question" => $"what is thing {i} ?",
                "image" => "a.png",
                "response" or "response_1" => $"thing {i} .",
                "response_2" => "lock it away .",
                "response_1_harmless_rate" => 2.0,
                "response_2_harmless_rate" => -1,
                _ when column.StartsWith("is_", StringComparison.Ordinal) => columns.Contains("response") ? i % 2 == 0 : column == "is_response_1_safe",
                _ => 1,
            })))));
    }

    private static (JsonElement[] Steps, string[] Notes) Run(Recipe recipe)
    {
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        string[] lines = File.ReadAllLines(Path.Combine(recipe.Run.Folder, MetricsLog.FileName));
        JsonElement[] all = [.. lines.Select(line => JsonDocument.Parse(line).RootElement)];
        return ([.. all.Where(line => line.TryGetProperty("step", out _))], lines);
    }
}
