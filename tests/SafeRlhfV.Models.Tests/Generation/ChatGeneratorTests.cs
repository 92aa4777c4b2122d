using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ChatGeneratorTests : IDisposable
{
    // an untrained model's bytes are no UTF-8; without byte tokens what is shown and what is meant are the same
    private static readonly TextSettings Sampled = new()
    {
        Tokens = new GenerationSettings
        {
            MaxNewTokens = 16,
            Temperature = 1,
            TopK = 40,
            Seed = 4,
            LogProbs = true,
            ForbiddenTokenIds = [.. Enumerable.Range(3, 256)]
        },
    };

    private readonly VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
    private readonly ChatGenerator generator;

    public ChatGeneratorTests() => generator = new ChatGenerator(model, ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny")));

    public void Dispose() => model.Dispose();

    // a guard that answers with one token has no such cases
    public static TheoryData<string> Folders() =>
        [.. GoldenPrompts.Folders().Where(folder => !ShieldGemma.IsIn(folder))
            .Concat(Directory.GetDirectories(Golden.At("models"), "*-lora")).Select(folder => Path.GetFileName(folder)!)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void GreedyAnswersAreTheReferencesTokensAndTexts(string name)
    {
        string folder = Golden.At("models", name), weights = File.Exists(Path.Combine(folder, "config.json")) ? folder : LoraConfig.FindBase(folder);
        ModelProcessor processor = ModelProcessor.Load(weights);
        using VisionLanguageModel loaded = ModelCheckpoint.Load(weights, new LoadOptions { Dtype = ScalarType.Float32 });
        if (weights != folder) loaded.Adapters.Load("tuned", folder);
        int count = 0;
        foreach (string file in Directory.GetFiles(Path.Combine(folder, "cases"), "greedy-*.json").Order(StringComparer.Ordinal))
        {
            using DisposeScope scope = NewDisposeScope();
            JsonElement json = ConfigReader.Open(file).Element, settings = json.TryGetProperty("generation", out JsonElement nested) ? nested : json;
            GoldenPrompts prompts = GoldenPrompts.Read(json)!;
            int[] ends = !settings.TryGetProperty("eos_token_id", out JsonElement eos) ? [] : eos.ValueKind == JsonValueKind.Array
                ? [.. eos.EnumerateArray().Select(id => id.GetInt32())] : [eos.GetInt32()];
            GenerationSettings tokens = new()
            {
                Temperature = 0,
                MaxNewTokens = settings.GetProperty("max_new_tokens").GetInt32(),
                EosTokenIds = ends,
                RepetitionPenalty = settings.TryGetProperty("repetition_penalty", out JsonElement penalty) ? penalty.GetDouble() : 1,
            };
            IReadOnlyList<TextCompletion> answers = new ChatGenerator(loaded, processor).Generate(
                [.. prompts.Turns.Select(processor.EncodePrompt)], new TextSettings { Tokens = tokens, Adapter = weights == folder ? null : "tuned" });
            using SafetensorsFile tensors = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
            Tensor expected_BT = tensors.Read(tensors.Entries.ContainsKey("new_tokens") ? "new_tokens" : "output_ids");
            foreach (TextCompletion answer in answers)
            {
                Assert.Equal(expected_BT[answer.Prompt].data<long>().ToArray().Take(answer.Ids.Count).Select(id => (int)id), answer.Ids);
                if (ends.All(id => processor.Tokenizer.IsSpecial(id)) && json.TryGetProperty("text", out JsonElement texts))
                    Assert.Equal(texts[answer.Prompt].GetString()!, answer.Text);
                Assert.Equal(answer.Finish == FinishReason.EndToken, ends.Contains(answer.Ids[^1]));
            }
            count++;
        }
        Assert.True(count > 0);
    }

    [Fact]
    public void StreamedPiecesAreTheAnswersAndHoldNoBrokenCharacter()
    {
        EncodedPrompt[] prompts = Prompts();
        Dictionary<(int, int), string> shown = [];
        Dictionary<(int, int), FinishReason> ends = [];
        TextSettings settings = Sampled with { Tokens = Sampled.Tokens with { Samples = 3, TopK = 0 } };
        IReadOnlyList<TextCompletion> answers = generator.Generate(prompts, settings, onText: delta =>
        {
            Assert.DoesNotContain((delta.Prompt, delta.Sample), ends.Keys);
            shown[(delta.Prompt, delta.Sample)] = shown.GetValueOrDefault((delta.Prompt, delta.Sample), "") + delta.Text;
            if (delta.Finish is { } finish) ends[(delta.Prompt, delta.Sample)] = finish;
        });
        Assert.Equal(prompts.Length * 3, answers.Count);
        Assert.Equal(answers.Count, ends.Count);
        foreach (TextCompletion answer in answers)
        {
            Assert.Equal(shown[(answer.Prompt, answer.Sample)], answer.Text);
            Assert.Equal(ends[(answer.Prompt, answer.Sample)], answer.Finish);
            Assert.Equal(generator.Processor.DecodeResponse(answer.Ids), answer.Text);
            Assert.Equal(answer.Ids.Count, answer.LogProbs!.Count);
            Assert.All(answer.LogProbs, value => Assert.True(value < 0));
        }
        Assert.Equal(answers.Count, answers.Select(answer => answer.Text).Distinct().Count());
    }

    [Fact]
    public void AnAnswerDoesNotDependOnItsBatch()
    {
        EncodedPrompt[] prompts = Prompts();
        RandomStream[] Streams(params int[] rows) => [.. rows.Select(row => new RandomStream(9, $"row/{row}"))];
        IReadOnlyList<TextCompletion> together = generator.Generate(prompts, Sampled, Streams(0, 1, 2));
        for (int row = 0; row < prompts.Length; row++) Assert.Equal(together[row].Ids, generator.Generate([prompts[row]], Sampled, Streams(row)).Single().Ids);
    }

    [Fact]
    public void AStopStringEndsItsOwnRowAndIsNeverShown()
    {
        EncodedPrompt[] prompts = Prompts();
        IReadOnlyList<TextCompletion> free = generator.Generate(prompts, Sampled);
        string stop = free[1].Text.Substring(free[1].Text.Length / 2, 3); // from within the text, wherever tokens begin
        string shown = "";
        IReadOnlyList<TextCompletion> stopped = generator.Generate(prompts, Sampled with { StopStrings = ["not to come", stop] },
            onText: delta => shown += delta.Prompt == 1 ? delta.Text : "");
        int at = free[1].Text.IndexOf(stop, StringComparison.Ordinal);
        Assert.Equal(free[1].Text[..at], stopped[1].Text);
        Assert.Equal(stopped[1].Text, shown);
        Assert.Equal((FinishReason.Stopped, stop), (stopped[1].Finish, stopped[1].StopString));
        Assert.True(stopped[1].Ids.Count < free[1].Ids.Count);
        foreach (int row in (int[])[0, 2])
            if (!free[row].Text.Contains(stop, StringComparison.Ordinal)) Assert.Equal(free[row].Text, stopped[row].Text);
    }

    [Fact]
    public async Task StreamingCanBeLeftAndCancelled()
    {
        EncodedPrompt[] prompts = Prompts();
        IReadOnlyList<TextCompletion> whole = generator.Generate(prompts[..1], Sampled);
        string streamed = "";
        await foreach (TextDelta delta in generator.Stream(prompts[..1], Sampled)) streamed += delta.Text;
        Assert.Equal(whole[0].Text, streamed);
        TextSettings endless = Sampled with { Tokens = Sampled.Tokens with { MaxNewTokens = 4000 } };
        await foreach (TextDelta delta in generator.Stream(prompts[..1], endless)) break;
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (TextDelta delta in generator.Stream(prompts[..1], endless, cancellationToken: stop.Token)) await stop.CancelAsync();
        });
        Assert.Throws<OperationCanceledException>(() => generator.Generate(prompts, Sampled, cancellationToken: new CancellationToken(true)));
    }

    [Fact]
    public void SettingsOutOfRangeAreNamed()
    {
        EncodedPrompt[] prompts = Prompts();
        Assert.Contains("stop string", Assert.Throws<InvalidInputException>(() => generator.Generate(prompts, Sampled with { StopStrings = [""] })).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => generator.Generate(prompts, Sampled with { Adapter = "none" }));
        Assert.Empty(generator.Generate([], Sampled));
    }

    private EncodedPrompt[] Prompts()
    {
        RgbImage cat = ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", "cat.jpg")));
        ModelProcessor processor = generator.Processor;
        return [processor.EncodePrompt("What is in this image?", cat), processor.EncodePrompt("Hello, who are you?", null, "Be kind."),
            processor.EncodePrompt("Is it safe?", cat)];
    }
}
