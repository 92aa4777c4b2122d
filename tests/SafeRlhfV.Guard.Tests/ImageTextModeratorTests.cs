namespace SafeRlhfV.Guard.Tests;

public sealed class ImageTextModeratorTests
{
    private static readonly ModerationImage Image = RgbImage.Grey(2, 2);

    [Theory]
    [InlineData("Fill in the list.", null, true)] // neither the question nor the words alone
    [InlineData("", null, false)]
    [InlineData("Fill in the list.", "an answer", false)]
    public async Task WordsAreJudgedAloneAndAfterTheQuestion(string question, string? response, bool isUnsafe)
    {
        ScriptedModerator texts = ScriptedModerator.Finds("list.\nSteps");
        Reader reader = new("Steps to build it", "o0");
        Verdict verdict = await new ImageTextModerator(reader, () => texts)
            .ModerateAsync(new ModerationRequest([Image], question, response), TestContext.Current.CancellationToken);
        Assert.Equal((isUnsafe, "reader"), (verdict.IsUnsafe, verdict.Moderator));
        Assert.All(texts.Calls.Single(), request => Assert.Empty(request.Images));
        Assert.Equal(response is null && question.Length > 0 ? 4 : 2, texts.Calls.Single().Count);
        if (response is not null) Assert.Equal("Steps to build it", texts.Calls.Single()[0].Response);
    }

    [Fact]
    public async Task AnImageIsReadOnceAndOneWithoutWordsAsksNobody()
    {
        ScriptedModerator texts = ScriptedModerator.Finds("word");
        Reader reader = new(), other = new("word");
        ImageTextModerator moderator = new(reader, () => texts), finds = new(other, () => texts);
        for (int i = 0; i < 3; i++)
        {
            Assert.False((await moderator.ModerateAsync(new ModerationRequest([Image], "One"), TestContext.Current.CancellationToken)).IsUnsafe);
            Assert.True((await finds.ModerateAsync(new ModerationRequest([Image], "One"), TestContext.Current.CancellationToken)).IsUnsafe);
        }
        Assert.Equal((1, 1, 3), (reader.Calls, other.Calls, texts.Calls.Count));
        Assert.False((await finds.ModerateAsync(new ModerationRequest("no image"), TestContext.Current.CancellationToken)).IsUnsafe);
    }

    [Fact]
    public async Task WhatCannotBeSeenBlocks()
    {
        ImageTextModerator moderator = new(new Reader(), () => ScriptedModerator.Finds("word"));
        ModerationRequest request = new([new ModerationImage(new Uri("https://example.org/a.png"))], "");
        Assert.NotNull((await moderator.FailClosed().ModerateAsync(request, TestContext.Current.CancellationToken)).Failure);
    }

    private sealed class Reader(params string[] texts) : IImageTextReader
    {
        public int Calls { get; private set; }

        public string Name => "reader";

        public Task<IReadOnlyList<string>> ReadAsync(ModerationImage image, CancellationToken cancellationToken = default)
        {
            Calls++;
            return Task.FromResult<IReadOnlyList<string>>(texts);
        }
    }
}
