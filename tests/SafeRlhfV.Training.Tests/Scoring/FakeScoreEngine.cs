using System.Text.Json.Nodes;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>What stands behind a classification server that tests play: our own score model of a folder that servers read. One call at a time.</summary>
internal sealed class FakeScoreEngine : IDisposable
{
    private readonly Lock gate = new();
    private readonly ScoreModel model;
    private readonly string[] endTokens;

    public FakeScoreEngine(string folder)
    {
        model = ScoreModel.Load(folder, new LoadOptions { RequiresGradient = false });
        Processor = ModelProcessor.Load(folder);
        endTokens = [.. Processor.EosTokenIds.Select(Processor.Tokenizer.TokenOf)];
        JsonNode labels = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!["id2label"]!;
        Labels = [.. Enumerable.Range(0, model.Head.Outputs).Select(i => (string)labels[$"{i}"]!)];
    }

    public ModelProcessor Processor { get; }

    /// <summary>The names of the outputs.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Added to every score.</summary>
    public double Off { get; set; }

    /// <summary>A conversation with its last message, as the chat template writes it or up to where that message ends.</summary>
    public EncodedPrompt Render(JsonArray messages, bool continues)
    {
        EncodedPrompt prompt = FakeEngine.Encode(Processor, [.. messages.SkipLast(1).Select(message => message!.DeepClone())]);
        string answer = (string)messages[^1]!["content"]!;
        string? end = continues ? Array.Find(endTokens, token => answer.EndsWith(token, StringComparison.Ordinal)) : null;
        int[] ids = Processor.EncodeResponse(prompt, end is null ? answer : answer[..^end.Length]);
        int[] after = end is not null ? [Processor.Tokenizer.IdOf(end)!.Value] : continues ? []
            : [ids[^1], .. Processor.Tokenizer.Encode("\n", addSpecialTokens: false)]; // what Qwen's template writes
        return prompt with { Ids = [.. prompt.Ids, .. ids[..^1], .. after] };
    }

    /// <summary>The scores of a text.</summary>
    public float[] Score(EncodedPrompt text)
    {
        lock (gate)
        {
            using IDisposable noGrad = no_grad();
            using DisposeScope scope = NewDisposeScope();
            TokenBatch batch = Processor.Batch([text]);
            ScoreOutput output = model.Forward(batch.Ids_BL, batch.Mask_BL, model.EmbedImages(Processor.BatchImages([text])));
            return [.. output.EndScores.to(ScalarType.Float32).reshape(-1).data<float>().Select(score => (float)(score + Off))];
        }
    }

    public void Dispose() => model.Dispose();
}
