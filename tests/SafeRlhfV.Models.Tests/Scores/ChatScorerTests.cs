using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ChatScorerTests
{
    private static readonly string Folder = Golden.At("models", "llava-1.5-tiny");

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ScoresAreReadAtTheEndTokenWhateverTheBatch(int outputs)
    {
        using VisionLanguageModel backbone = ModelCheckpoint.Load(Folder);
        using ScoreModel model = new(backbone, ScoreHead.Create(backbone.HiddenSize, outputs, seed: 5));
        ModelProcessor processor = ModelProcessor.Load(Folder);
        ChatScorer scorer = new(model, processor);
        RgbImage cat = ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", "cat.jpg")));
        EncodedPrompt[] prompts = [processor.EncodePrompt("What is in this image?", cat), processor.EncodePrompt("Hello, who are you?", null)];
        string[] answers = ["The image shows a small cat looking at the camera.", "An assistant."];
        IReadOnlyList<float[]> together = scorer.Score(prompts, answers);
        using IDisposable noGrad = no_grad();
        for (int row = 0; row < prompts.Length; row++)
        {
            using DisposeScope scope = NewDisposeScope();
            Assert.Equal(outputs, together[row].Length);
            float[] alone = scorer.Score([prompts[row]], [answers[row]]).Single();
            using ImageInputs? images = processor.BatchImages([prompts[row]]);
            int[] ids = [.. prompts[row].Ids, .. processor.EncodeResponse(prompts[row], answers[row])];
            Tensor ids_BL = tensor(ids.Select(id => (long)id).ToArray()).unsqueeze(0);
            Tensor hidden = backbone.Hidden(ids_BL, ones_like(ids_BL, ScalarType.Bool), model.Backbone.EmbedImages(images)).select(1, ids.Length - 1);
            float[] direct = [.. nn.functional.linear(hidden, model.Head.Weight).data<float>()];
            for (int at = 0; at < outputs; at++)
            {
                Assert.Equal(direct[at], alone[at], 1e-5f);
                Assert.Equal(alone[at], together[row][at], 1e-5f);
            }
        }
        Assert.NotEqual(together[0][0], together[1][0]);
    }

    [Fact]
    public void EachPromptNeedsOneAnswer()
    {
        using VisionLanguageModel backbone = ModelCheckpoint.Load(Folder);
        using ScoreModel model = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, seed: 5));
        ModelProcessor processor = ModelProcessor.Load(Folder);
        ChatScorer scorer = new(model, processor);
        Assert.Throws<ArgumentException>(() => scorer.Score([processor.EncodePrompt("Hello", null)], Array.Empty<string>()));
        Assert.Empty(scorer.Score([], Array.Empty<string>()));
    }
}
