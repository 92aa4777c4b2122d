using System.Text.Json.Nodes;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>Our own model gives the log-probabilities that a real server reported, from the same folders.</summary>
public sealed class RecordedModelTests
{
    private const double Tolerance = 5e-4, ResampledTolerance = 0.06;

    [Fact]
    public void PromptsAreEncodedAsTheServerDid()
    {
        ModelProcessor processor = ModelProcessor.Load(Recording.At("model"));
        foreach (Recording one in Recording.Chats().Where(one => one.Server != "raw" && !HoldsSpecialTokens(one, processor))) // raw: another limit of pixels
            Assert.Equal(one.Reply!["prompt_token_ids"]!.AsArray().Select(id => (int)id!), Prompt(one.Messages, processor).Ids);
    }

    [Fact]
    public void TheBareModelGivesTheRecordedLogProbabilities()
    {
        foreach (Recording one in Recording.Chats().Where(one => (string)one.Request!["model"]! == BaseName && IsUnfiltered(one)))
            Assert.True(Gap(one, null) <= (one.IsResampledOtherwise ? ResampledTolerance : Tolerance), $"{one}: {Gap(one, null)}");
    }

    /// <summary>An answer under an adapter is that of a folder which was loaded under its name, and not that of the bare model.</summary>
    [Fact]
    public void AdaptersGiveTheRecordedLogProbabilities()
    {
        int compared = 0;
        foreach (Recording one in Recording.Chats().Where(one => (string)one.Request!["model"]! != BaseName && IsUnfiltered(one)))
        {
            string[] paths = [.. Recording.Where(load => (string?)load.Request?["lora_name"] == (string)one.Request!["model"]!)
                .Select(load => (string?)load.Request!["lora_path"]).OfType<string>().Distinct()];
            if (paths.Length == 0 || paths.Any(path => !Directory.Exists(Recording.At(path)))) continue;
            double best = paths.Min(path => Gap(one, path));
            Assert.True(best <= (one.IsResampledOtherwise ? ResampledTolerance : Tolerance), $"{one}: {best}");
            Assert.True(Gap(one, null) > 10 * best, $"{one}: the bare model is {Gap(one, null)} off");
            compared++;
        }
        Assert.True(compared > 0);
    }

    /// <summary>The largest difference between the recorded log-probabilities and our own, under an adapter's folder or bare.</summary>
    internal static double Gap(Recording one, string? adapter)
    {
        ModelProcessor processor = ModelProcessor.Load(Recording.At("model"));
        using VisionLanguageModel model = ModelCheckpoint.Load(Recording.At("model"), new LoadOptions { RequiresGradient = false });
        if (adapter is not null) model.Adapters.Load("recorded", Recording.At(adapter));
        using VisionCache cache = new(model, processor.Images, 0);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        EncodedPrompt prompt = Prompt(one.Messages, processor);
        double worst = 0, temperature = (double)one.Request!["temperature"]!;
        foreach (JsonNode? choice in one.Reply!["choices"]!.AsArray())
        {
            int[] ids = [.. choice!["token_ids"]!.AsArray().Select(id => (int)id!)];
            if (ids.Contains(model.ImageTokenId)) continue; // a second pass cannot tell it from a picture
            SampleImages? images = prompt.Images.Count == 0 ? null : new SampleImages("recorded", () => prompt.Images);
            SequenceBatch batch = SequenceBatch.Collate([new EncodedSample(prompt.Ids, ids, images)], processor.PadTokenId, cache);
            Tensor own_BT = new PolicyRole(model, adapter is null ? null : "recorded").LogProbs(batch, temperature == 0 ? 1 : temperature);
            foreach ((float own, double recorded) in own_BT.data<float>().ToArray().Zip(choice["logprobs"]!["content"]!.AsArray()
                .Select(entry => (double)entry!["logprob"]!)))
                worst = Math.Max(worst, Math.Abs(own - recorded));
        }
        return worst;
    }

    private static string BaseName => (string)Recording.Where(one => one is { Path: "/v1/models", Server: "main", Status: 200 })[0].Reply!["data"]![0]!["id"]!;

    // log-probabilities are taken after temperature, and after what filters leave
    internal static bool IsUnfiltered(Recording one) => one.Server != "raw" && (double)one.Request!["top_p"]! == 1 && (int)one.Request["top_k"]! == -1;

    private static bool HoldsSpecialTokens(Recording one, ModelProcessor processor) =>
        one.Messages.Any(message => message.Parts.Any(part => part.Text is { } text && processor.Tokenizer.Encode(text, addSpecialTokens: false)
            .Any(processor.Tokenizer.IsSpecial)));

    /// <summary>Our encoding of a chat's messages.</summary>
    internal static EncodedPrompt Prompt(IEnumerable<ServerMessage> messages, ModelProcessor processor) =>
        processor.EncodePrompt([.. messages.Select(message => new ChatTurn(
        message.Role switch { "system" => ChatRole.System, "assistant" => ChatRole.Assistant, _ => ChatRole.User },
        [.. message.Parts.Select(part => part.Text is { } text ? (ChatPart)new TextPart(text) : new ImagePart(FakeEngine.Decode(part.ImageUrl!)))]))]);
}
