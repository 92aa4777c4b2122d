using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>What stands behind the servers that tests play: our own model of a folder, with adapters by name. One call at a time.</summary>
internal sealed class FakeEngine : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, string> adapters = [];
    private VisionLanguageModel model;

    public FakeEngine(string folder)
    {
        model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false });
        Processor = ModelProcessor.Load(folder);
    }

    public ModelProcessor Processor { get; }

    /// <summary>The adapters that are loaded, and their paths.</summary>
    public IReadOnlyDictionary<string, string> Adapters => adapters;

    /// <summary>Whether adapters are loaded and left out of the numbers, as a server leaves out targets that it does not support.</summary>
    public bool IgnoresAdapters { get; set; }

    /// <summary>Whether an adapter answers with the weights of the first one, as a server does that keeps what it computed under an older one.</summary>
    public bool IsStale { get; set; }

    /// <summary>The stream of random numbers of a seed.</summary>
    public Func<long, RandomStream> StreamOf { get; set; } = seed => new RandomStream(seed, "fake");

    /// <summary>Added to every log-probability that is reported.</summary>
    public double Off { get; set; }

    /// <summary>An answer to be given in place of a sampled one; null = sample.</summary>
    public Func<long, int[]?> Forced { get; set; } = _ => null;

    /// <param name="name">Its name.</param>
    /// <param name="path">Its folder.</param>
    /// <param name="shown">What is listed as its path; null = the same.</param>
    public void Load(string name, string path, string? shown = null)
    {
        lock (gate)
        {
            if (adapters.Remove(name)) model.Adapters.Remove(name);
            model.Adapters.Load(name, path);
            adapters.Add(name, shown ?? path);
        }
    }

    public bool Unload(string name)
    {
        lock (gate)
        {
            if (!adapters.Remove(name)) return false;
            model.Adapters.Remove(name);
            return true;
        }
    }

    public void Reload(string path)
    {
        lock (gate)
        {
            model.Dispose();
            model = ModelCheckpoint.Load(path, new LoadOptions { RequiresGradient = false });
        }
    }

    /// <summary>The prompt of OpenAI's messages; null where it is none that a rollout sends.</summary>
    public EncodedPrompt? TryEncode(JsonArray? messages)
    {
        try
        {
            return messages is null ? null : Encode(messages);
        }
        catch (Exception error) when (error is InvalidInputException or FormatException or InvalidOperationException or NullReferenceException)
        {
            return null;
        }
    }

    /// <summary>The prompt of OpenAI's messages.</summary>
    public EncodedPrompt Encode(JsonArray messages) => Encode(Processor, messages);

    /// <summary>The same with another model's processor.</summary>
    public static EncodedPrompt Encode(ModelProcessor processor, JsonArray messages) => processor.EncodePrompt([.. messages.Select(message => new ChatTurn(
        (string)message!["role"]! switch { "system" => ChatRole.System, "assistant" => ChatRole.Assistant, _ => ChatRole.User },
        message["content"] is JsonArray parts
            ? [.. parts.Select(part => (string)part!["type"]! == "text" ? (ChatPart)new TextPart((string)part["text"]!)
                : new ImagePart(Decode((string)part["image_url"]!["url"]!)))]
            : [new TextPart((string)message["content"]!)]))]);

    /// <summary>Answers a prompt.</summary>
    /// <param name="prompt">Its ids and images.</param>
    /// <param name="adapter">The adapter; null = the bare model.</param>
    /// <param name="seed">The seed; null without one.</param>
    /// <param name="most">Most tokens.</param>
    /// <param name="temperature">0 = the likeliest tokens.</param>
    public (int[] Ids, float[] LogProbs, bool Ended) Answer(EncodedPrompt prompt, string? adapter, long? seed, int most, double temperature)
    {
        lock (gate)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable noGrad = no_grad();
            string? used = IgnoresAdapters || adapter is null ? null : IsStale ? adapters.Keys.First() : adapter;
            if (Forced(seed ?? 0) is { } forced) return (forced, LogProbs(prompt, used, forced, temperature), Processor.EosTokenIds.Contains(forced[^1]));
            using IDisposable use = model.Adapters.UseMerged(used);
            GenerationSettings settings = new()
            {
                MaxNewTokens = most,
                Temperature = temperature,
                EosTokenIds = Processor.EosTokenIds,
                PadTokenId = Processor.PadTokenId,
                LogProbs = true
            };
            TokenBatch batch = Processor.Batch([prompt]);
            GenerationPrompt given = new(batch.Ids_BL, batch.Mask_BL, model.EmbedImages(Processor.BatchImages([prompt])));
            using GenerationResult result = new TextGenerator(model).Generate(given, settings, [StreamOf(seed ?? 0)]);
            return ([.. result.Row(0)], [.. result.LogProbs_BT!.data<float>().Take(result.Lengths[0]).Select(logProb => (float)(logProb + Off))],
                result.Finishes[0] == FinishReason.EndToken);
        }
    }

    public void Dispose() => model.Dispose();

    private float[] LogProbs(EncodedPrompt prompt, string? adapter, int[] ids, double temperature)
    {
        using IDisposable use = model.Adapters.Use(adapter);
        using VisionCache cache = new(model, Processor.Images, 0);
        SampleImages? images = prompt.Images.Count == 0 ? null : new SampleImages("fake", () => prompt.Images);
        SequenceBatch batch = SequenceBatch.Collate([new EncodedSample(prompt.Ids, ids, images)], Processor.PadTokenId, cache);
        Tensor own_BT = new PolicyRole(model, adapter).LogProbs(batch, temperature == 0 ? 1 : temperature);
        return [.. own_BT.data<float>().Select(logProb => (float)(logProb + Off))];
    }

    public static RgbImage Decode(string url) => ImageDecoder.Decode(Convert.FromBase64String(url[(url.IndexOf(',', StringComparison.Ordinal) + 1)..]));
}
