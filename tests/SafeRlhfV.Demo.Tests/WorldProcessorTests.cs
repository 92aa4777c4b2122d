using System.Text.Json.Nodes;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Demo.Tests;

/// <summary>The world's checkpoint folder read the way any other is: the general processor gives the world's own ids.</summary>
public sealed class WorldProcessorTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ModelProcessor processor;

    public WorldProcessorTests()
    {
        WorldCheckpointFiles.Write(folder.Path);
        processor = ModelProcessor.Load(folder.Path);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void QuestionsAndAnswersGetTheWorldsOwnIds()
    {
        int count = 0;
        foreach (WorldPair pair in new World(3).TrainingPairs(200))
        {
            EncodedPrompt prompt = processor.EncodePrompt(pair.Prompt.Text, pair.Prompt.Image);
            Assert.Equal(Vocabulary.EncodePrompt(pair.Prompt.Text), prompt.Ids);
            Assert.Equal($"USER: <image>\n{pair.Prompt.Text} ASSISTANT:", prompt.Text);
            ProcessedImage image = Assert.Single(prompt.Images);
            Assert.Equal(Vocabulary.ImageTokens, image.Geometry.Tokens);
            foreach (string answer in (string[])[pair.Row.Response1.Text, pair.Row.Response2.Text])
            {
                int[] ids = processor.EncodeResponse(prompt, answer);
                Assert.Equal([.. Vocabulary.Encode(answer), Vocabulary.End], ids);
                Assert.Equal(answer, processor.DecodeResponse(ids));
            }
            count++;
        }
        Assert.Equal(200, count);
        Assert.Equal([Vocabulary.End], processor.EosTokenIds);
        Assert.Equal(Vocabulary.Pad, processor.PadTokenId);
    }

    [Fact]
    public void AImageOfTheWorldsSizeIsOnlyNormalised()
    {
        RgbImage image = new World(1).TestPrompts(1).Single().Image;
        float[] pixels = processor.Images.Process(image).Pixels;
        int side = ScenePainter.Side;
        Assert.Equal(3 * side * side, pixels.Length);
        for (int channel = 0; channel < 3; channel++)
            for (int at = 0; at < side * side; at++)
                Assert.Equal((image.Pixels[at * 3 + channel] / 255.0 - .7) / .3, pixels[channel * side * side + at], 5);
    }

    [Fact]
    public void TheImageTokenInAQuestionIsAWordLikeAnyOther()
    {
        EncodedPrompt prompt = processor.EncodePrompt("what is <image> ?", Answers.Grey);
        Assert.Equal(Vocabulary.ImageTokens, prompt.Ids.Count(id => id == Vocabulary.Image));
    }

    [Fact]
    public void ATokenizerThatCannotTellAImageFromAWordIsRefusedSuchAQuestion()
    {
        string file = folder.At("tokenizer.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(file))!;
        root["added_tokens"]!.AsArray().RemoveAt(Vocabulary.Image); // it stays in the vocabulary
        File.WriteAllText(file, root.ToJsonString());
        File.WriteAllText(folder.At("tokenizer_config.json"), """{"eos_token":"</s>","pad_token":"<pad>"}""");
        ModelProcessor bare = ModelProcessor.Load(folder.Path);
        Assert.Equal(Vocabulary.ImageTokens, bare.EncodePrompt("what is this ?", Answers.Grey).Images.Single().Geometry.Tokens);
        Assert.Throws<InvalidInputException>(() => bare.EncodePrompt("what is <image> ?", Answers.Grey));
    }
}
