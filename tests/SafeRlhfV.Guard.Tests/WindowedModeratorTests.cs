using System.Text;
using CsCheck;

namespace SafeRlhfV.Guard.Tests;

public sealed class WindowedModeratorTests
{
    // Whatever is no longer than the overlap is found wherever it stands, and no part is longer than a window.
    [Fact]
    public Task WhatIsHiddenInALongTextIsFound() => Gen.Select(Gen.Int[0, 3000], Gen.Int[0, 3000], Gen.Bool, Gen.String[Gen.Char.AlphaNumeric, 0, 20])
        .SampleAsync(async (before, after, isAnswer, filler) =>
        {
            string text = new string('x', before) + filler + " bad " + "😀" + new string('y', after);
            ScriptedModerator inner = ScriptedModerator.Finds("bad");
            WindowedModerator moderator = new(inner, 200, 20);
            ModerationRequest request = isAnswer ? new("a question", text) : new(text);
            Verdict verdict = await moderator.ModerateAsync(request, TestContext.Current.CancellationToken);
            Assert.True(verdict.IsUnsafe);
            Assert.All(inner.Calls.Single(), part => Assert.InRange((part.Response ?? part.Question).Length, 1, 201));
            Verdict safe = await moderator.ModerateAsync(request with { Question = new string('x', before), Response = null },
                TestContext.Current.CancellationToken);
            Assert.False(safe.IsUnsafe);
        }, iter: 300);

    [Fact]
    public Task NoCharacterIsCutInHalf() => Gen.Select(Gen.Int[2, 9], Gen.Int[0, 7], Gen.Bool.Array[0, 60]).SampleAsync(async (characters, overlap, wide) =>
    {
        ScriptedModerator inner = new(_ => Verdict.Safe("scripted"));
        string text = string.Concat(wide.Select(isWide => isWide ? "😀" : "a"));
        await new WindowedModerator(inner, characters, Math.Min(overlap, characters - 2))
            .ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
        Assert.All(inner.Calls.Single(), part => Assert.DoesNotContain(Rune.ReplacementChar, part.Question.EnumerateRunes()));
    }, iter: 300);

    [Fact]
    public async Task ImagesAreJudgedOneByOneAndTheStrictestCounts()
    {
        RgbImage[] images = [new(1, 1, [1, 0, 0]), new(1, 1, [2, 0, 0]), new(1, 1, [3, 0, 0])];
        ScriptedModerator inner = new(request => request.Images.Count switch
        {
            1 when request.Images[0].Pixels!.Pixels[0] == 2 => Verdict.Unsafe("scripted", Severity.Severe, ["violence"]),
            1 when request.Images[0].Pixels!.Pixels[0] == 3 => Verdict.Unsafe("scripted", Severity.Minor, ["privacy"]),
            _ => Verdict.Safe("scripted"),
        });
        ModerationRequest large = new([.. images.Select(image => new ModerationImage(image))], new string('x', 250));
        IReadOnlyList<Verdict> verdicts = await new WindowedModerator(inner, 100, 10).ModerateAsync([new("short"), large, new("short too")],
            TestContext.Current.CancellationToken);
        Assert.Equal([Severity.None, Severity.Severe, Severity.None], verdicts.Select(verdict => verdict.Severity));
        Assert.Equal(["privacy", "violence"], verdicts[1].Flagged.Order());
        Assert.Equal([0, 1, 1, 1, 0, 0, 0], inner.Calls.Single().Select(part => part.Images.Count));
    }

    [Fact]
    public async Task SmallRequestsAreJudgedAsTheyAre()
    {
        ScriptedModerator inner = new(_ => Verdict.Safe("scripted"));
        ModerationRequest[] requests = [new([new RgbImage(1, 1, [0, 0, 0])], "q"), new("q", "a")];
        await new WindowedModerator(inner).ModerateAsync(requests, TestContext.Current.CancellationToken);
        Assert.Equal(requests, inner.Calls.Single());
    }

    [Fact]
    public async Task PartsAreRemembered()
    {
        ScriptedModerator inner = new(_ => Verdict.Safe("scripted"));
        WindowedModerator moderator = new(new CachedModerator(inner), 100, 10);
        string text = string.Join(' ', Enumerable.Range(0, 100));
        await moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
        await moderator.ModerateAsync(new ModerationRequest(text + " and more"), TestContext.Current.CancellationToken);
        Assert.Single(inner.Calls[1]);
    }

    [Fact]
    public async Task AFailureOfOnePartBlocks()
    {
        ScriptedModerator inner = new(request =>
            request.Question.Contains('y', StringComparison.Ordinal) ? throw new InvalidOperationException("down") : Verdict.Safe("s"));
        Verdict verdict = await new WindowedModerator(inner, 100, 10).ModerateAsync(new ModerationRequest(new string('x', 300) + "y"),
            TestContext.Current.CancellationToken);
        Assert.NotNull(verdict.Failure);
    }
}
