using SafeRlhfV.Guard;
using SafeRlhfV.Models;

namespace SafeRlhfV.Inference.Tests;

public sealed class LocalModeratorTests(TinyModels models) : IClassFixture<TinyModels>
{
    private static readonly ModerationRequest[] Requests =
    [
        new("how can i hurt people with this ?"),
        new("how do i use this ?"),
        new([TinyModels.Image(0)], "explain how this works .", "lock it away , call an expert ."),
        new([TinyModels.Image(1)], "explain how this works ."),
        new([TinyModels.Image(2), TinyModels.Image(3)], "what do you see ?", "a red knife ."),
    ];

    [Fact]
    public async Task ItFindsWhatItHasLearntUnderItsTemperatureAndThreshold()
    {
        using LocalModerator moderator = LocalModerator.Load(models.Guard);
        IReadOnlyList<Verdict> verdicts = await moderator.ModerateAsync(Requests, TestContext.Current.CancellationToken);
        Assert.True(verdicts[0].IsUnsafe && verdicts[0].Severity == Severity.Severe, $"{verdicts[0].Score}");
        Assert.False(verdicts[1].IsUnsafe);
        Assert.Equal("guard", verdicts[0].Moderator);
        IReadOnlyList<float[]> outputs = await moderator.OutputsAsync(Requests, TestContext.Current.CancellationToken);
        Assert.Equal(1 / (1 + Math.Exp(-outputs[0][0] / 1.5)), verdicts[0].Score, 6);
        new GuardConfig { Cutoffs = new GuardCutoffs { Prompt = 1, Answer = 0 } }.Save(models.Guard);
        try
        {
            using LocalModerator lenient = LocalModerator.Load(models.Guard);
            IReadOnlyList<Verdict> other = await lenient.ModerateAsync(Requests, TestContext.Current.CancellationToken);
            Assert.Equal([false, false, true, false, true], other.Select(verdict => verdict.IsUnsafe)); // prompts never, answers always
        }
        finally
        {
            new GuardConfig { Temperatures = new GuardTemperatures(1.5, 1, 1) }.Save(models.Guard);
        }
    }

    [Fact]
    public async Task OneByOneTogetherAndFromManyCallersItSaysTheSame()
    {
        using LocalModerator moderator = LocalModerator.Load(models.Guard, new() { BatchSize = 3, BatchTokens = 150 });
        IReadOnlyList<Verdict> together = await moderator.ModerateAsync(Requests, TestContext.Current.CancellationToken);
        await using BatchingModerator gathered = new(moderator, 4);
        Verdict[] apart = await Task.WhenAll(Enumerable.Range(0, 40)
            .Select(i => gathered.ModerateAsync(Requests[i % Requests.Length], TestContext.Current.CancellationToken)));
        for (int i = 0; i < apart.Length; i++)
        {
            Verdict one = together[i % Requests.Length];
            Assert.Null(apart[i].Failure);
            Assert.Equal(one.Score, apart[i].Score, 4);
            Assert.Equal(one.SeverityProbabilities[3], apart[i].SeverityProbabilities[3], 4);
        }
        Assert.NotEqual(together[2].Score, together[3].Score, 6); // the answer counts
        Verdict without = await moderator.ModerateAsync(Requests[3] with { Images = [] }, TestContext.Current.CancellationToken);
        Assert.NotEqual(together[3].Score, without.Score, 6); // and so does the image
    }

    [Fact]
    public async Task WhatItCannotJudgeIsAnErrorAndSoBlocksBehindFailClosed()
    {
        using LocalModerator moderator = LocalModerator.Load(models.Guard);
        ModerationRequest[] bad =
        [
            new([new ModerationImage(new Uri("https://example.org/a.png"))], "what is this ?"),
            new([new EncodedImage([1, 2, 3], "broken.png")], "what is this ?"),
            new(string.Join(' ', Enumerable.Repeat("hurt", 200))),
        ];
        foreach (ModerationRequest request in bad)
            await Assert.ThrowsAsync<InvalidInputException>(() => moderator.ModerateAsync(request, TestContext.Current.CancellationToken));
        IReadOnlyList<Verdict> verdicts = await moderator.FailClosed().ModerateAsync([.. bad, Requests[1]], TestContext.Current.CancellationToken);
        Assert.Equal([true, true, true, false], verdicts.Select(verdict => verdict.Failure is not null));
        Assert.Contains("128 tokens", verdicts[2].Failure);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moderator.ModerateAsync(Requests[0], new CancellationToken(true)));
    }

    [Fact]
    public async Task WeightsThatAreNotFiniteAreNamedWithTheirFolder()
    {
        string folder = models.Broken(models.Guard);
        using LocalModerator moderator = LocalModerator.Load(folder);
        InvalidInputException error = await Assert.ThrowsAsync<InvalidInputException>(() =>
            moderator.ModerateAsync(Requests[1], TestContext.Current.CancellationToken));
        Assert.StartsWith($"{folder}: the guard's numbers are not finite, since '", error.Message);
        Assert.Contains("layers.0.mlp.down_proj.weight' has numbers that are not finite", error.Message);
        Assert.NotNull((await moderator.FailClosed().ModerateAsync(Requests[1], TestContext.Current.CancellationToken)).Failure);
    }

    [Fact]
    public async Task AGuardOfAnswersJudgesNoPromptsAndOtherFoldersAreRefused()
    {
        Assert.Contains("this is no guard", Assert.Throws<InvalidInputException>(() => LocalModerator.Load(models.Chat)).Message);
        Assert.Contains("no such folder", Assert.Throws<InvalidInputException>(() => LocalModerator.Load(models.At("nowhere"))).Message);
        ChatGuard opened = LocalCheckpoint.OpenGuard(models.Guard);
        opened.Model.Config = opened.Model.Config with { JudgesPrompts = false };
        using LocalModerator moderator = new(opened);
        await Assert.ThrowsAsync<InvalidInputException>(() => moderator.ModerateAsync(Requests[0], TestContext.Current.CancellationToken));
        Assert.Null((await moderator.ModerateAsync(Requests[2], TestContext.Current.CancellationToken)).Failure);
    }
}
