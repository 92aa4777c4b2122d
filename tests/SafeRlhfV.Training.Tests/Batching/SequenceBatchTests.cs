using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class SequenceBatchTests
{
    [Theory]
    [InlineData("llava-1.5-tiny")]
    [InlineData("qwen2-vl-tiny")]
    [InlineData("internvl3-tiny-sharded")]
    public void PairsScoreAndReadAsTheirAnswersDoAlone(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        string folder = Golden.At("models", name);
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { Dtype = ScalarType.Float32 });
        ModelProcessor processor = ModelProcessor.Load(folder);
        using VisionCache cache = new(model, processor.Images, 1 << 20);
        TrainingData data = new(PreferenceDataset.Open(Golden.At("beavertails-v", "paired")), processor, cache);
        SampleEncoder encoder = new(processor, new LengthLimits());
        PairSample[] pairs = [.. data.InOrder(new PairChoice(PreferenceKind.Helpful).Parts)
            .Select(row => PairSample.From(row, encoder, new(PreferenceKind.Helpful))).OfType<PairSample>().Take(4)];
        SequenceBatch batch = data.Collate(pairs);
        Assert.Equal((8, 2), (batch.Rows, batch.Answers));

        using ScoreHead head = ScoreHead.Create(model.HiddenSize, 1, seed: 1);
        ScorerRole scorer = new(model, head);
        PolicyRole policy = new(model);
        Tensor scores_R = scorer.EndScores(batch), sums_R = policy.LogProbs(batch).sum(1);
        foreach ((int row, EncodedSample sample) in pairs.Select(pair => pair.Preferred).Concat(pairs.Select(pair => pair.Other)).Index())
        {
            SequenceBatch alone = data.Collate([sample]);
            Assert.Equal(scorer.EndScores(alone).item<float>(), scores_R[row].item<float>(), 1e-4f);
            Assert.Equal(policy.LogProbs(alone).sum().item<float>(), sums_R[row].item<float>(), 1e-2f);
        }
    }

    [Fact]
    public void TextsThatTheModelCannotReadAreRefusedWhereTheBatchIsMade()
    {
        using DisposeScope scope = NewDisposeScope();
        string folder = Golden.At("models", "llava-1.5-tiny");
        using VisionLanguageModel model = ModelCheckpoint.Load(folder);
        using VisionCache cache = new(model, ModelProcessor.Load(folder).Images, 0);
        EncodedSample whole = new([5, 6, 7], [8], null), empty = new([], [], null), tooLong = new(new int[model.Config.Text.MaxTokens], [8], null);
        Assert.Contains("padding alone", Refused(0, whole, empty));
        Assert.Contains($"{model.Config.Text.MaxTokens + 1} tokens", Refused(0, whole, tooLong));
        Assert.Contains("lies on padding", Refused((int)model.ImageTokenId, whole, new([5], [8], null)));
        Assert.Equal(2, SequenceBatch.Collate([whole, whole], (int)model.ImageTokenId, cache).Rows); // nothing is filled up

        string Refused(int padToken, params EncodedSample[] samples) =>
            Assert.Throws<InvalidInputException>(() => SequenceBatch.Collate(samples, padToken, cache)).Message;
    }
}
