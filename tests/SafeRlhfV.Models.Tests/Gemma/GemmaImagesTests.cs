using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class GemmaImagesTests
{
    private static readonly string Folder = Golden.At("models", "gemma3-tiny");

    // 3 columns of text, images of 3 and 2 columns, text: with a window of 2, an image's columns see ahead in their image, and one column back
    [Theory]
    [InlineData(null, "10000000 11000000 11111000 11111000 11111000 11111110 11111110 11111111")]
    [InlineData(2, "10000000 11000000 01111000 00111000 00011000 00001110 00000110 00000011")]
    public void TokensOfAnImageSeeEachOtherBothWays(int? window, string expected)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images_BK = tensor([0L, 0, 1, 1, 1, 2, 2, 0]).unsqueeze(0);
        AttentionMask mask = AttentionMask.Build(ones([1, 8], ScalarType.Bool), 8, ScalarType.Float32, window, images_BK: images_BK);
        bool[] sees = mask.Bias!.view(-1).eq(0).data<bool>().ToArray();
        Assert.Equal(expected.Split(' '), sees.Chunk(8).Select(row => string.Concat(row.Select(one => one ? '1' : '0'))));
        // the last columns alone see what they see in the whole
        AttentionMask last = AttentionMask.Build(ones([1, 8], ScalarType.Bool), 3, ScalarType.Float32, window, images_BK: images_BK);
        Assert.Equal(sees[^24..], last.Bias!.view(-1).eq(0).data<bool>().ToArray());
    }

    [Fact]
    public void AnswersSideBySideSeeThePromptsImagesAsAnswersAlone()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        ModelProcessor processor = ModelProcessor.Load(Folder);
        EncodedPrompt prompt = processor.EncodePrompt("Is it safe?", GoldenPictures.Noise((50, 40, 1)), "Be brief.");
        int[][] rows = [.. new[] { "Yes, it is.", "No." }.Select(answer => (int[])[.. prompt.Ids, .. processor.EncodeResponse(prompt, answer)])];
        TokenBatch batch = TokenBatch.PadRight(rows, processor.PadTokenId);
        ImageEmbeddings images = model.EmbedImages(processor.BatchImages([prompt]))!;
        Tensor together = model.HiddenOfAnswers(batch.Ids_BL, batch.Mask_BL, prompt.Ids.Length, 2, images);
        Tensor apart = model.Hidden(batch.Ids_BL, batch.Mask_BL, images.Repeat([0, 0]), prompt.Ids.Length - 1);
        Tensor valid = batch.Mask_BL.narrow(1, prompt.Ids.Length - 1, apart.shape[1]).unsqueeze(-1);
        Assert.True((together - apart).mul(valid).abs().max().item<float>() < 1e-4f);
    }

    [Fact]
    public void GradientCheckpointingGivesTheSameGradients()
    {
        float[] plain = Gradients(false), kept = Gradients(true);
        Assert.Equal(plain.Length, kept.Length);
        Assert.All(plain.Zip(kept), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void NoPromptIsCutWithinAnImage()
    {
        // image tokens are 9
        EncodedPrompt[] prompts = [.. new int[][] { [1, 9, 9, 9, 2, 3, 4, 5, 6, 7], [1, 9, 9, 9, 2, 8], [1, 9, 9, 9, 2, 7, 7] }
            .Select(ids => new EncodedPrompt(ids, [], ""))];
        Assert.Equal(5, SharedPrompts.Find(prompts, [[0], [0], [0]], 9)!.Tail);
        Assert.Equal(6, SharedPrompts.Find(prompts, [[0], [0], [0]], 9, wholeImages: true)!.Tail);
    }

    [Fact]
    public void EveryImageNeedsItsSize()
    {
        ModelProcessor processor = ModelProcessor.Load(Folder);
        ChatTurn[] turns = [ChatTurn.User("What is it?", GoldenPictures.Noise((9, 9, 1)), GoldenPictures.Noise((9, 9, 2)))];
        Assert.Throws<ArgumentException>(() => processor.MeasurePrompt(turns, [processor.Images.Measure(9, 9)]));
    }

    [Theory]
    [InlineData("\"<end_of_image>\"")]
    [InlineData("{ \"content\": \"<end_of_image>\" }")]
    public void TokensAreThoseThatTheTokenizersConfigNames(string end)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("tokenizer_config.json"), $$"""{ "model_specific_special_tokens": { "eoi_token": {{end}} } }""");
        Assert.Equal("<end_of_image>", new NamedTokens(folder.Path).Of("eoi_token", "none"));
        Assert.Equal("usual", new NamedTokens(folder.Path).Of("boi_token", "usual"));
    }

    [Fact]
    public void LongImagesAreCutWhereTheFileAsksForIt()
    {
        using TemporaryFolder copy = new();
        foreach (string file in Directory.EnumerateFiles(Folder, "*.json")) File.WriteAllBytes(copy.At(Path.GetFileName(file)), File.ReadAllBytes(file));
        JsonObject settings = JsonNode.Parse(File.ReadAllText(copy.At("preprocessor_config.json")))!.AsObject();
        settings["do_pan_and_scan"] = true;
        settings["pan_and_scan_min_crop_size"] = 20;
        File.WriteAllText(copy.At("preprocessor_config.json"), settings.ToJsonString());
        EncodedPrompt prompt = ModelProcessor.Load(copy.Path).EncodePrompt("What is it?", GoldenPictures.Noise((90, 30, 1)));
        Assert.Equal((4, 64), (prompt.Images[0].Geometry.Rows, prompt.Images[0].Geometry.Tokens));
        Assert.Contains("Here is the original image \n\n<start_of_image>", prompt.Written, StringComparison.Ordinal);
        Assert.Contains("<end_of_image>\n\n and here are some crops to help you see better \n\n<start_of_image>", prompt.Written, StringComparison.Ordinal);
        Assert.Equal("<bos><start_of_turn>user\n<start_of_image>What is it?<end_of_turn>\n<start_of_turn>model\n", prompt.Text);
        Assert.Throws<InvalidInputException>(() => new PanAndScan(1, 4, 1.2).Crops(5, 1));
    }

    private static float[] Gradients(bool checkpointing)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Folder);
        model.Decoder.GradientCheckpointing = checkpointing;
        ModelProcessor processor = ModelProcessor.Load(Folder);
        EncodedPrompt prompt = processor.EncodePrompt("Is it safe?", GoldenPictures.Noise((50, 40, 1)));
        TokenBatch batch = processor.Batch([prompt]);
        model.Logits(model.Hidden(batch.Ids_BL, batch.Mask_BL, model.EmbedImages(processor.BatchImages([prompt])))).square().mean().backward();
        return [.. model.parameters().Select(parameter => parameter.grad?.norm().item<float>() ?? 0)];
    }
}
