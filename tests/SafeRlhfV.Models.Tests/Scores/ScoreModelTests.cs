using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ScoreModelTests
{
    private static readonly string Base = Directory.GetDirectories(Golden.At("models"), "llava*")
        .First(folder => File.Exists(Path.Combine(folder, "model.safetensors")));

    [Theory]
    [InlineData(1)]
    [InlineData(25)]
    public void SavingKeepsScoresAndPaddingSideDoesNotMatter(int outputs)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel backbone = ModelCheckpoint.Load(Base);
        using ScoreModel model = new(backbone, ScoreHead.Create(backbone.HiddenSize, outputs, 1));
        model.Save(temporary.At("reward"));
        using ScoreModel again = ScoreModel.Load(temporary.At("reward"));
        Tensor right = tensor(new long[] { 1, 300, 301, 0, 0, 1, 400, 401, 402, 403 }).view(2, 5),
            rightMask = tensor(new[] { true, true, true, false, false, true, true, true, true, true }).view(2, 5);
        Tensor left = tensor(new long[] { 0, 0, 1, 300, 301, 1, 400, 401, 402, 403 }).view(2, 5),
            leftMask = tensor(new[] { false, false, true, true, true, true, true, true, true, true }).view(2, 5);
        ScoreOutput one = model.Forward(right, rightMask, null), two = again.Forward(left, leftMask, null);
        Assert.Equal(outputs == 1 ? [2, 5] : [2, 5, outputs], one.Scores.shape);
        Assert.Equal(outputs == 1 ? [2] : [2, outputs], one.EndScores.shape);
        Assert.True((one.EndScores - two.EndScores).abs().max().item<float>() < 1e-5);
        Assert.Equal(0, (one.Scores.select(1, 2)[0] - one.EndScores[0]).abs().max().item<float>());
        // a reward model's folder is a whole checkpoint: the backbone loads without the head
        ModelCheckpoint.Load(temporary.At("reward")).Dispose();
    }

    [Fact]
    public void AFolderWithoutAHeadIsRefused() =>
        Assert.Contains("score head", Assert.Throws<InvalidInputException>(() => ScoreModel.Load(Base)).Message);
}
