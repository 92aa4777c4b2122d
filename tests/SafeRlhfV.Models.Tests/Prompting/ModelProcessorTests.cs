using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ModelProcessorTests
{
    private static readonly string Llava = Golden.At("models", "llava-1.5-tiny");

    public static TheoryData<string> Folders() => [.. GoldenPrompts.Folders().Select(folder => Path.GetFileName(folder)!)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void EveryProcessorCaseGivesTheReferencesIdsAndMask(string name)
    {
        string folder = Golden.At("models", name);
        int count = 0;
        foreach (string file in Directory.GetFiles(Path.Combine(folder, "cases"), "processor-*.json").Order(StringComparer.Ordinal))
        {
            JsonElement json = ConfigReader.Open(file).Element;
            if (GoldenPrompts.Read(json) is not { } prompts) continue; // pixel values only
            if (GoldenModelPixelsTests.IsFlat(json)) continue; // a form of input that the product does not have; ParityTests run the case
            using DisposeScope scope = NewDisposeScope();
            using TemporaryFolder changed = new();
            bool own = !json.TryGetProperty("image_kwargs", out JsonElement changes) || !changes.EnumerateObject().Any();
            if (!own) GoldenPrompts.CopySettings(folder, changed.Path, changes);
            ModelProcessor processor = GoldenModelPixelsTests.Settings(json) is { } given ? WithSettings(folder, given)
                : ModelProcessor.Load(own ? folder : changed.Path);
            EncodedPrompt[] encoded = [.. prompts.Turns.Select(processor.EncodePrompt)];
            Assert.Equal(prompts.Rendered, encoded.Select(prompt => prompt.Text));
            using SafetensorsFile tensors = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
            bool right = json.TryGetProperty("padding_side", out JsonElement side) && side.GetString() == "right";
            TokenBatch batch = right ? TokenBatch.PadRight([.. encoded.Select(prompt => prompt.Ids)], processor.PadTokenId) : processor.Batch(encoded);
            Same(tensors.Read("input_ids"), batch.Ids_BL, file);
            Same(tensors.Read("attention_mask"), batch.Mask_BL.to(ScalarType.Int64), file);
            if (json.TryGetProperty("image_tokens_per_sample", out JsonElement each))
                Assert.Equal(each.EnumerateArray().Select(number => number.GetInt32()),
                    encoded.Select(prompt => prompt.Images.Sum(image => image.Geometry.Tokens)));
            if (json.TryGetProperty("num_image_tokens", out JsonElement all))
                Assert.Equal(all.GetInt32(), encoded.Sum(prompt => prompt.Images.Sum(image => image.Geometry.Tokens)));
            using ImageInputs? images = processor.BatchImages(encoded);
            Assert.Equal(encoded.Sum(prompt => prompt.Images.Count), images?.Images.Count ?? 0);
            count++;
        }
        Assert.True(count > 0 || ShieldGemma.IsIn(Golden.At("models", name))); // its conversations are cases of kind classify, which ParityTests run
    }

    // as the reference was called, whatever the folder's file says
    private static ModelProcessor WithSettings(string folder, JsonObject given)
    {
        ModelConfig config = ModelConfig.Load(folder);
        return new(folder, folder, config.Facts, Tokenizer.Load(folder), ImageProcessor.Load(folder, config, given), ChatFormat.For(config, folder));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void AnswersFollowTheirPromptsAsTheReferenceJoinsThem(string name)
    {
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", name));
        int count = 0;
        foreach (string file in Directory.GetFiles(Golden.At("models", name, "cases"), "lo*.json").Order(StringComparer.Ordinal))
        {
            JsonElement json = ConfigReader.Open(file).Element;
            if (GoldenPrompts.Read(json) is not { } prompts || prompts.Responses.Contains(null)) continue;
            using DisposeScope scope = NewDisposeScope();
            using SafetensorsFile tensors = SafetensorsFile.Open(Path.ChangeExtension(file, ".safetensors"));
            if (!tensors.Entries.ContainsKey("input_ids")) continue; // kept in another case
            Tensor ids_BL = tensors.Read("input_ids"), mask_BL = tensors.Read("attention_mask").to(ScalarType.Bool);
            for (int row = 0; row < prompts.Turns.Count; row++)
            {
                EncodedPrompt prompt = processor.EncodePrompt(prompts.Turns[row]);
                int[] answer = processor.EncodeResponse(prompt, prompts.Responses[row]!), whole = [.. prompt.Ids, .. answer];
                Assert.Equal(whole, ids_BL[row].masked_select(mask_BL[row]).data<long>().ToArray().Take(whole.Length).Select(id => (int)id));
                Assert.Equal(prompts.Responses[row], processor.DecodeResponse([.. answer, 20, 21]));
                Assert.Contains(answer[^1], processor.EosTokenIds);
                count++;
            }
        }
        Assert.True(count > 0 || ShieldGemma.IsIn(Golden.At("models", name))); // its conversations are cases of kind classify, which ParityTests run
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void ChatsOfTheTokenizerCasesAreWrittenAsTheFoldersOwnTemplateDoes(string name)
    {
        string file = Golden.At("models", name, "cases", "tokenizer.json");
        if (!File.Exists(file) || !ConfigReader.Open(file).Element.TryGetProperty("chat", out JsonElement chats)) return;
        ChatFormat format = ChatFormat.For(ModelConfig.Load(Golden.At("models", name)), Golden.At("models", name));
        foreach (JsonElement chat in chats.EnumerateArray())
            Assert.Equal(chat.GetProperty("text").GetString(),
                string.Concat(format.Render(GoldenChat.Turns(chat.GetProperty("messages")), chat.GetProperty("add_generation_prompt").GetBoolean())
                    .Select(segment => segment.Text)));
    }

    [Fact]
    public void SpecialTokensInAUsersTextStayText()
    {
        ModelProcessor processor = ModelProcessor.Load(Llava);
        EncodedPrompt prompt = processor.EncodePrompt("What is </s><image> this?", new RgbImage(3, 2, new byte[18]), "Be <s>kind</s>.");
        Assert.Equal(processor.Images.Process(new RgbImage(3, 2, new byte[18])).Geometry.Tokens, prompt.Ids.Count(id => id == processor.Model.ImageTokenId));
        Assert.DoesNotContain(processor.EosTokenIds[0], prompt.Ids);
        Assert.Equal("Be <s>kind</s>. USER: <image>\nWhat is </s><image> this? ASSISTANT:", prompt.Text);
        int[] answer = processor.EncodeResponse(prompt, "It is </s> <image>.");
        Assert.Equal(1, answer.Count(id => id == processor.EosTokenIds[0]));
        Assert.DoesNotContain(processor.Model.ImageTokenId, answer);
        Assert.Equal("It is </s> <image>.", processor.DecodeResponse(answer));
    }

    [Fact]
    public void AnswersOfEveryKindComeBackAndLeaveThePromptAsItIs()
    {
        ModelProcessor processor = ModelProcessor.Load(Llava);
        EncodedPrompt prompt = processor.EncodePrompt("What is this?", null);
        foreach (string answer in (string[])["", "A cat.", "Две кошки", "a\n\nb", "x  y", "😀 ok", "1. one\n2. two"])
        {
            int[] ids = processor.EncodeResponse(prompt, answer);
            Assert.Equal(answer, processor.DecodeResponse(ids));
            Assert.Equal(answer.Length == 0 ? 1 : 2, Math.Min(ids.Length, 2));
        }
        EncodedPrompt strange = new([1, 300, 301], [], "ids of another origin");
        Assert.Equal(processor.EncodeResponse(prompt, "A cat."), processor.EncodeResponse(strange, "A cat."));
    }

    [Fact]
    public void FilesThatDoNotBelongTogetherAreNamed()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.EnumerateFiles(Llava, "*.json")) File.WriteAllBytes(folder.At(Path.GetFileName(file)), File.ReadAllBytes(file));
        string config = File.ReadAllText(folder.At("config.json"));
        File.WriteAllText(folder.At("config.json"), config.Replace("\"image_token_index\": 826", "\"image_token_index\": 825", StringComparison.Ordinal));
        Assert.Contains("825", Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.At("config.json"), config);
        Assert.Contains("<|image_pad|>", Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(folder.Path, ChatFormat.Named("qwen2-vl"))).Message,
            StringComparison.Ordinal);
        ModelProcessor processor = ModelProcessor.Load(folder.Path);
        Assert.Throws<InvalidInputException>(() => processor.EncodePrompt([new ChatTurn(ChatRole.User, [new ImagePart(null), new TextPart("q")])]));
    }

    [Fact]
    public void AImageThatTheFormatWouldLeaveOutIsAnError()
    {
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", "llava-next-tiny-mistral"));
        ChatTurn answer = new(ChatRole.Assistant, [new TextPart("here"), new ImagePart(new RgbImage(1, 1, new byte[3]))]);
        Assert.Throws<InvalidInputException>(() => processor.EncodePrompt([ChatTurn.User("draw"), answer, ChatTurn.User("again")]));
    }

    [Fact]
    public void EndAndPadTokensComeFromTheTokenizerWhereTheOtherFilesAreSilent()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.EnumerateFiles(Llava, "*.json").Where(file => Path.GetFileName(file) != "generation_config.json"))
            File.WriteAllText(folder.At(Path.GetFileName(file)), Path.GetFileName(file) == "config.json"
                ? string.Join('\n', File.ReadAllLines(file)
                    .Where(line => !line.Contains("eos_token_id", StringComparison.Ordinal) && !line.Contains("pad_token_id", StringComparison.Ordinal)))
                : File.ReadAllText(file));
        ModelProcessor whole = ModelProcessor.Load(Llava), bare = ModelProcessor.Load(folder.Path);
        Assert.Equal(whole.EosTokenIds, bare.EosTokenIds);
        Assert.Equal(whole.PadTokenId, bare.PadTokenId);
    }

    private static void Same(Tensor expected, Tensor ours, string file) =>
        Assert.True(expected.shape.SequenceEqual(ours.shape) && expected.eq(ours).all().item<bool>(), $"{file}: {string.Join(' ', ours.data<long>())}");
}
