using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class AnswerRewardsTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    [Theory]
    [InlineData(4, true, 0)]
    [InlineData(7, true, -1)]
    [InlineData(8, true, -2)]
    [InlineData(8, false, -2)]
    public void TheRewardFallsNearTheLimit(int length, bool ended, double penalty)
    {
        PpoSettings settings = new() { MaxNewTokens = 8, Overlong = OverlongAnswers.Penalise, OverlongMargin = 2, OverlongPenalty = 2 };
        Episode one = Answer([.. Enumerable.Repeat(9, length)], ended);
        Assert.Equal(penalty, AnswerRewards.Overlong(one, settings), 1e-12);
        Assert.Equal(0, AnswerRewards.Overlong(one, settings with { Overlong = OverlongAnswers.Keep }));
    }

    [Fact]
    public void SilenceHasTheRewardOfTheSettings()
    {
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny"));
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        using VisionCache images = new(model, processor.Images, 1 << 20);
        SampleBatcher batcher = SampleBatcher.Of(RecipeModels.Open(new DataRecipe { Folder = tiny.At("world") }, processor, images));
        int end = batcher.EosTokenIds[0];
        PpoSettings settings = new() { NoAnswerReward = -3 };
        Assert.Equal(-3, AnswerRewards.Base(Answer([end], true), settings, batcher));
        Assert.Equal(1.5, AnswerRewards.Base(Answer([end == 9 ? 8 : 9, end], true), settings, batcher));
        Assert.Equal(1.5, AnswerRewards.Base(Answer([end], true), new PpoSettings(), batcher));
    }

    [Fact]
    public void PpoRefusesToMaskAnswers() =>
        Assert.Contains("mask is grpo's", Assert.Throws<InvalidInputException>(() => tiny.Recipe("ppo", "mask", "training.overlong=mask")).Message);

    [Theory]
    [InlineData("training.severity", "training.severity.bands=[0, 1, 2]")]
    [InlineData("training.constraint", "training.constraint=cvar")]
    public void PpoOnTheCostAloneHasNoConstraints(string key, string set) =>
        Assert.Contains(key, Assert.Throws<InvalidInputException>(() => tiny.Recipe("ppo", "free", "training.cost_only=true", set)).Message);

    private static Episode Answer(int[] response, bool ended) => new()
    {
        Sample = new EncodedSample([1], response, null),
        Ended = ended,
        LogProbs = new float[response.Length],
        Reward = 1.5f,
    };
}
