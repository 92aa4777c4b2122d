using System.Text.Json.Nodes;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>Score models as vLLM serves them: our own model gives the recorded scores, and writes such folders.</summary>
public sealed class RecordedScoreTests
{
    private const double Tolerance = 1e-4, ResampledTolerance = 2e-2;

    public static IEnumerable<TheoryDataRow<string>> Folders =>
        Directory.EnumerateDirectories(Recording.At()).Where(folder => Path.GetFileName(folder).StartsWith("reward-", StringComparison.Ordinal))
            .Select(folder => new TheoryDataRow<string>(Path.GetFileName(folder)));

    [Theory, MemberData(nameof(Folders))]
    public void OurOwnModelGivesTheRecordedScores(string folder)
    {
        ModelProcessor processor = ModelProcessor.Load(Recording.At(folder));
        using ScoreModel scores = ScoreModel.Load(Recording.At(folder), new LoadOptions { RequiresGradient = false });
        int compared = 0;
        foreach (Recording one in Recording.Where(one => one.Server == folder && one is { Path: "/classify", Status: 200 }
            && (bool?)one.Request!["use_activation"] == false))
        {
            (int[] Ids, IReadOnlyList<ProcessedImage> Images)[] texts = [.. Texts(one, processor)];
            JsonArray data = one.Reply!["data"]!.AsArray();
            Assert.Equal(data.Count, texts.Length);
            Assert.Equal((int)one.Reply["usage"]!["prompt_tokens"]!, texts.Sum(text => text.Ids.Length));
            foreach ((JsonNode? entry, (int[] ids, IReadOnlyList<ProcessedImage> images)) in data.Zip(texts))
            {
                double[] recorded = [.. entry!["probs"]!.AsArray().Select(value => (double)value!)], own = Score(scores, processor, ids, images);
                Assert.Equal(recorded.Length, own.Length);
                Assert.All(recorded.Zip(own), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= (one.IsResampledOtherwise ? ResampledTolerance
                    : Tolerance), $"{one}: {pair.Second}, recorded {pair.First}"));
                compared++;
            }
        }
        Assert.True(compared > 3);
    }

    /// <summary>A folder that is read, written as ours and exported has the config and the very tensors that it had.</summary>
    [Theory, MemberData(nameof(Folders))]
    public void TheExportIsTheFolderThatTheServerRead(string folder)
    {
        using TemporaryFolder scratch = new();
        using (ScoreModel scores = ScoreModel.Load(Recording.At(folder), new LoadOptions { RequiresGradient = false }))
        {
            // as a trainer here leaves it: a whole model with an output layer, and the head beside it
            using VisionLanguageModel policy = ModelCheckpoint.Load(Recording.At("model"), new LoadOptions { RequiresGradient = false });
            using IDisposable noGrad = no_grad();
            Dictionary<string, TorchSharp.Modules.Parameter> trained = scores.Backbone.named_parameters().ToDictionary(pair => pair.name, pair =>
                pair.parameter);
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in policy.named_parameters())
                if (trained.TryGetValue(name, out TorchSharp.Modules.Parameter? value)) parameter.copy_(value);
            new ScoreModel(policy, scores.Head).Save(scratch.At("ours"));
        }
        ClassifierExport.Write(scratch.At("ours"), scratch.At("exported"));
        foreach (string file in Directory.EnumerateFiles(Recording.At(folder)).Select(path => Path.GetFileName(path)!))
            if (file == "config.json") Assert.Equal(Keys(Recording.At(folder, file)), Keys(scratch.At("exported", file)));
            else if (file.EndsWith(".safetensors", StringComparison.Ordinal)) SameTensors(Recording.At(folder), scratch.At("exported"));
            else Assert.Equal(File.ReadAllBytes(Recording.At(folder, file)), File.ReadAllBytes(scratch.At("exported", file)));
    }

    private static string Keys(string path) => JsonNode.Parse(File.ReadAllText(path))!.ToJsonString();

    private static void SameTensors(string expected, string actual)
    {
        using CheckpointTensors was = CheckpointTensors.Open(expected), now = CheckpointTensors.Open(actual);
        Assert.Equal(was.Names.Order(StringComparer.Ordinal), now.Names.Order(StringComparer.Ordinal));
        foreach (string name in was.Names)
        {
            using Tensor one = was.FileOf(name).Read(name), other = now.FileOf(name).Read(name);
            Assert.True(one.eq(other).all().item<bool>(), name);
        }
    }

    private static double[] Score(ScoreModel scores, ModelProcessor processor, int[] ids, IReadOnlyList<ProcessedImage> images)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        EncodedPrompt prompt = new(ids, images, "");
        TokenBatch batch = processor.Batch([prompt]);
        ScoreOutput output = scores.Forward(batch.Ids_BL, batch.Mask_BL, scores.EmbedImages(processor.BatchImages([prompt])));
        return [.. output.EndScores.to(ScalarType.Float64).reshape(-1).data<double>()];
    }

    // texts, lists of ids, or a conversation that is read at its last token
    private static IEnumerable<(int[] Ids, IReadOnlyList<ProcessedImage> Images)> Texts(Recording one, ModelProcessor processor)
    {
        if (one.Request!["input"] is JsonArray inputs)
        {
            foreach (JsonNode? input in inputs) yield return (input is JsonArray ids ? [.. ids.Select(id => (int)id!)]
                : [.. processor.Tokenizer.Encode((string)input!, addSpecialTokens: false)], []);
            yield break;
        }
        IReadOnlyList<ServerMessage> messages = one.Messages;
        EncodedPrompt prompt = RecordedModelTests.Prompt(messages.SkipLast(1), processor);
        string answer = messages[^1].Parts[0].Text!;
        bool endsAtEnd = (bool?)one.Request["continue_final_message"] == true;
        if (endsAtEnd) answer = answer[..answer.IndexOf("<|", StringComparison.Ordinal)];
        int[] response = processor.EncodeResponse(prompt, answer);
        yield return ([.. prompt.Ids, .. response, .. endsAtEnd ? [] : processor.Tokenizer.Encode("\n", addSpecialTokens: false)], prompt.Images);
    }
}
