using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Texts that a model cannot read are named errors at every entry: whole passes, generation, scores, guard.</summary>
public sealed class TextLimitsTests : IDisposable
{
    private const int Positions = 64;

    private readonly TemporaryFolder folder = new();
    private readonly VisionLanguageModel model;
    private readonly ModelProcessor processor;

    public TextLimitsTests()
    {
        // the same weights with fewer positions
        string from = Golden.At("models", "llava-1.5-tiny");
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, folder.At(Path.GetFileName(file)));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "config.json")))!;
        config["text_config"]!["max_position_embeddings"] = Positions;
        File.WriteAllText(folder.At("config.json"), config.ToJsonString());
        model = ModelCheckpoint.Load(folder.Path);
        processor = ModelProcessor.Load(folder.Path);
    }

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void APromptAndItsNewTokensMustFit()
    {
        ChatGenerator generator = new(model, processor);
        EncodedPrompt prompt = processor.EncodePrompt("a question", null);
        int room = Positions - prompt.Ids.Length;
        TextSettings Longest(int tokens) => new() { Tokens = new GenerationSettings { MaxNewTokens = tokens, Temperature = 0 } };
        Assert.Single(generator.Generate([prompt], Longest(room)));
        string message = Assert.Throws<InvalidInputException>(() => generator.Generate([prompt], Longest(room + 1))).Message;
        Assert.Contains($"lower max_new_tokens to {room}", message);
    }

    [Fact]
    public void ALongerTextIsRefusedEverywhere()
    {
        EncodedPrompt prompt = processor.EncodePrompt(string.Join(' ', Enumerable.Repeat("word", 10 * Positions)), null);
        string expected = $"{Positions}";
        Assert.Contains(expected, Refused(() => new ChatGenerator(model, processor).Generate([prompt], new TextSettings())));
        using ScoreHead one = ScoreHead.Create(model.HiddenSize, 1, 1), many = ScoreHead.Create(model.HiddenSize, GuardHeads.Outputs, 1);
        Assert.Contains(expected, Refused(() => new ChatScorer(new ScoreModel(model, one), processor).Score([prompt], ["an answer"])));
        ChatGuard guard = new(new GuardModel(new ScoreModel(model, many)), processor);
        Assert.Contains(expected, Refused(() => guard.Outputs([prompt], [(string?)null])));
        Assert.Contains(expected, Refused(() => guard.Outputs([prompt], [prompt.Ids]))); // without the guard's own look
    }

    [Fact]
    public void PaddingCountsForNothing()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor ids = full([1, 2 * Positions], 5, ScalarType.Int64), mask = zeros([1, 2 * Positions], ScalarType.Bool);
        mask[0, TensorIndex.Slice(Positions)] = true;
        Assert.Equal(2 * Positions, model.Hidden(ids, mask, null).shape[1]);
        mask[0, 0] = true;
        Assert.Contains($"{Positions + 1} tokens", Refused(() => model.Hidden(ids, mask, null)));
    }

    [Fact]
    public void ARowOfPaddingAndImageTokensOnPaddingAreRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = full([2, 8], 5, ScalarType.Int64), mask = ones([2, 8], ScalarType.Bool);
        mask[1] = false;
        Assert.Contains("padding alone", Refused(() => model.Hidden(ids, mask, null)));
        mask[1, TensorIndex.Slice(4)] = true;
        ids[1, 0] = model.ImageTokenId;
        Assert.Contains("lies on padding", Refused(() => model.Hidden(ids, mask, null)));
    }

    private static string Refused(Action work) => Assert.Throws<InvalidInputException>(work).Message;
}
