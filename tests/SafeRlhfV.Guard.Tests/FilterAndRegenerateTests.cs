using CsCheck;

namespace SafeRlhfV.Guard.Tests;

public sealed class FilterAndRegenerateTests
{
    [Fact]
    public async Task TheFirstSafeAnswerIsGiven()
    {
        RegenerationResult result = await new FilterAndRegenerate(ScriptedModerator.Finds("bad")).RunAsync(
            new ModerationRequest("question"), (round, _, _) => Task.FromResult(round < 2 ? $"bad {round}" : "good"));
        Assert.Equal("good", result.Answer);
        Assert.Equal(2, result.PassedAtRound);
        Assert.Equal(["bad 0", "bad 1", "good"], result.Rounds.Select(round => round.Answer));
        Assert.Equal([true, true, false, false], Enumerable.Range(0, 4).Select(result.IsUnsafeAfter));
    }

    [Fact]
    public async Task TheVerdictIsFedBack()
    {
        List<string?> feedback = [];
        await new FilterAndRegenerate(ScriptedModerator.Finds("bad", Severity.Severe, "animal_abuse")).RunAsync(new ModerationRequest("question"),
            (round, row, _) =>
        {
            feedback.Add(row.Feedback);
            Assert.Equal(round == 0, row.Last is null);
            return Task.FromResult(round == 0 ? "bad" : "good");
        });
        Assert.Null(feedback[0]);
        Assert.Contains("severe: animal abuse", feedback[1]);
    }

    [Fact]
    public async Task AfterTheLastRoundARefusalExplainsItself()
    {
        int asked = 0;
        FilterAndRegenerate loop = new(ScriptedModerator.Finds("bad", Severity.Severe, "animal_abuse"), GuardPolicy.Default with { Rounds = 3 });
        RegenerationResult result = await loop.RunAsync(new ModerationRequest("question"), (_, _, _) => Task.FromResult($"bad {asked++}"));
        Assert.Equal(4, asked);
        Assert.True(result.IsRefused);
        Assert.Null(result.PassedAtRound);
        Assert.Contains("severe: animal abuse", result.Answer);
        Assert.DoesNotContain("bad", result.Answer);
        Assert.True(result.IsUnsafeAfter(3));
    }

    [Fact]
    public async Task AModeratorThatFailsEndsInARefusalAtOnce()
    {
        int asked = 0;
        RegenerationResult result = await new FilterAndRegenerate(new ScriptedModerator(_ => throw new FormatException("x"))).RunAsync(
            new ModerationRequest("question"), (_, _, _) => Task.FromResult($"answer {asked++}"));
        Assert.Equal(1, asked);
        Assert.True(result.IsRefused);
        Assert.Contains("could not be made", result.Answer);
        Assert.DoesNotContain("answer 0", result.Answer);
    }

    [Fact]
    public async Task ABlockIsNotRegenerated()
    {
        GuardPolicy policy = GuardPolicy.Default with
        {
            Rules =
            new() { Answer = new(GuardAction.AllowWithNotice, GuardAction.Regenerate, GuardAction.Block) }
        };
        RegenerationResult blocked = await new FilterAndRegenerate(ScriptedModerator.Finds("bad", Severity.Severe), policy).RunAsync(
            new ModerationRequest("question"), (_, _, _) => Task.FromResult("bad"));
        Assert.True(blocked.IsRefused);
        Assert.Single(blocked.Rounds);
        RegenerationResult noticed = await new FilterAndRegenerate(ScriptedModerator.Finds("bad", Severity.Minor), policy).RunAsync(
            new ModerationRequest("question"), (_, _, _) => Task.FromResult("bad"));
        Assert.Equal("bad", noticed.Answer);
        Assert.Contains("dangerous behavior", noticed.Notice);
    }

    // Each prompt says at which round its answer turns safe; the batch must do for each what it would do alone, and ask only for what is still unsafe.
    [Fact]
    public Task ABatchDoesForEachWhatItWouldDoAlone() =>
        Gen.Int[0, 7].Array[0, 12].SampleAsync(async safeFrom =>
        {
            ScriptedModerator moderator = ScriptedModerator.Finds("bad");
            List<int[]> asked = [];
            IReadOnlyList<RegenerationResult> results = await new FilterAndRegenerate(moderator).RunAsync(
                [.. safeFrom.Select((from, i) => new ModerationRequest($"{i}"))],
                (round, rows, _) =>
                {
                    asked.Add([.. rows.Select(row => row.Index)]);
                    return Task.FromResult<IReadOnlyList<string>>([.. rows.Select(row =>
                        round < safeFrom[row.Index] ? $"bad {row.Prompt.Question}" : $"good {row.Prompt.Question}")]);
                });
            Assert.Equal(safeFrom.Length, results.Count);
            for (int i = 0; i < safeFrom.Length; i++)
            {
                Assert.Equal(safeFrom[i] <= 5 ? safeFrom[i] : null, results[i].PassedAtRound);
                if (safeFrom[i] <= 5) Assert.Equal($"good {i}", results[i].Answer);
                else Assert.DoesNotContain("bad", results[i].Answer);
            }
            for (int round = 0; round < asked.Count; round++)
                Assert.Equal(Enumerable.Range(0, safeFrom.Length).Where(i => safeFrom[i] >= round), asked[round]);
            Assert.Equal(asked.Count, moderator.Calls.Count);
        });

    [Fact]
    public async Task AWrongNumberOfAnswersIsAnError() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => new FilterAndRegenerate(ScriptedModerator.Finds("bad")).RunAsync(
            [new ModerationRequest("a"), new ModerationRequest("b")], (_, _, _) => Task.FromResult<IReadOnlyList<string>>(["one"])));

    [Fact]
    public async Task CancellationEndsTheRounds()
    {
        using CancellationTokenSource source = new();
        int asked = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new FilterAndRegenerate(ScriptedModerator.Finds("bad")).RunAsync(
            new ModerationRequest("question"),
            (round, _, _) =>
            {
                asked++;
                if (round == 1) source.Cancel();
                return Task.FromResult("bad");
            },
            cancellationToken: source.Token));
        Assert.Equal(2, asked);
    }
}
