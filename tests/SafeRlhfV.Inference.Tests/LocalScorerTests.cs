using SafeRlhfV.Guard;

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
}
