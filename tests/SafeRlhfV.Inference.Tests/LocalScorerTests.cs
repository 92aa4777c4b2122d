using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using TorchSharp;

namespace SafeRlhfV.Inference.Tests;

public sealed class LocalScorerTests(TinyModels models) : IClassFixture<TinyModels>
{
    [Fact]
    public async Task ScoresDoNotDependOnTheBatchAndDependOnTheAnswer()
    {
        using LocalScorer scorer = LocalScorer.Load(models.Reward, new() { BatchSize = 2 });
        Assert.Equal(1, scorer.Outputs);
        ModerationRequest[] requests =
            [.. Enumerable.Range(0, 5).Select(i =>
                new ModerationRequest([TinyModels.Image(i)], "how do i use this ?", i % 2 == 0 ? "lock it away ." : "read the manual ."))];
        IReadOnlyList<float[]> together = await scorer.ScoreAsync(requests, TestContext.Current.CancellationToken);
        for (int i = 0; i < 5; i++) Assert.Equal(together[i][0], (await scorer.ScoreAsync([requests[i]], TestContext.Current.CancellationToken))[0][0], 4);
        float other = (await scorer.ScoreAsync([requests[0] with { Response = "read the manual ." }], TestContext.Current.CancellationToken))[0][0];
        Assert.NotEqual(together[0][0], other, 5);
        await Assert.ThrowsAsync<ArgumentException>(() => scorer.ScoreAsync([new("no answer")], TestContext.Current.CancellationToken));
        Assert.Contains("score head", Assert.Throws<InvalidInputException>(() => LocalScorer.Load(models.Chat)).Message);
    }

    [Theory]
    [InlineData(true, "scores are not finite, since 'language_model")]
    [InlineData(false, "scores are not finite, and all of its weights are; they are too large for float32")]
    public async Task AScoreThatIsNotFiniteIsAnErrorThatSaysWhy(bool isWeight, string reason)
    {
        (ScoreModel model, ModelProcessor processor) = LocalCheckpoint.OpenScores(isWeight ? models.Broken(models.Reward) : models.Reward);
        if (!isWeight) using (torch.no_grad()) model.Head.Weight.fill_(3e38);
        using LocalScorer scorer = new(new ChatScorer(model, processor));
        InvalidInputException error = await Assert.ThrowsAsync<InvalidInputException>(() =>
            scorer.ScoreAsync([new("how do i use this ?", "lock it away .")], TestContext.Current.CancellationToken));
        Assert.Contains(reason, error.Message);
    }
}
