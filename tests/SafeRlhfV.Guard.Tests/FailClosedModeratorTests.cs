namespace SafeRlhfV.Guard.Tests;

public sealed class FailClosedModeratorTests
{
    private static readonly ModerationRequest[] Five = [.. Enumerable.Range(0, 5).Select(i => new ModerationRequest($"question {i}"))];

    [Fact]
    public async Task SoundVerdictsPassThrough()
    {
        IModerator closed = ScriptedModerator.Finds("3").FailClosed();
        IReadOnlyList<Verdict> verdicts = await closed.ModerateAsync(Five);
        Assert.Equal([false, false, false, true, false], verdicts.Select(verdict => verdict.IsUnsafe));
        Assert.All(verdicts, verdict => Assert.Null(verdict.Failure));
    }

    [Fact]
    public async Task APoisonousRequestBlocksOnlyItself()
    {
        ScriptedModerator inner = new(request => request.Question.EndsWith('2') ? throw new FormatException("no image") : Verdict.Safe("scripted"));
        IReadOnlyList<Verdict> verdicts = await inner.FailClosed().ModerateAsync(Five);
        Assert.Equal([false, false, true, false, false], verdicts.Select(verdict => verdict.IsUnsafe));
        Assert.Contains("no image", verdicts[2].Failure);
    }

    [Fact]
    public async Task ADeadModeratorBlocksAll()
    {
        IReadOnlyList<Verdict> verdicts = await new ScriptedModerator(_ => throw new HttpRequestException("refused")).FailClosed().ModerateAsync(Five);
        Assert.Equal(5, verdicts.Count);
        Assert.All(verdicts, verdict => Assert.True(verdict.IsUnsafe && verdict.Failure is not null));
    }

    public static TheoryData<string> Faults => ["fewer", "more", "null", "null list", "nan", "contradiction", "throws at once", "hangs", "hangs the thread",
        "cancels itself"];

    [Theory, MemberData(nameof(Faults))]
    public async Task EveryFaultBlocks(string fault)
    {
        IModerator closed = new FaultyModerator(fault).FailClosed(TimeSpan.FromMilliseconds(150));
        IReadOnlyList<Verdict> verdicts = await closed.ModerateAsync([new("question")]);
        Verdict verdict = Assert.Single(verdicts);
        Assert.True(verdict.IsUnsafe);
        Assert.NotNull(verdict.Failure);
        Assert.Equal(GuardAction.Block, GuardPolicy.Default.Decide(verdict, GuardSide.Answer).Action);
    }

    [Fact]
    public async Task TheCallersCancellationIsThrownOn()
    {
        using CancellationTokenSource source = new(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new FaultyModerator("hangs the thread").FailClosed().ModerateAsync([new("question")], source.Token));
    }

    private sealed class FaultyModerator(string fault) : IModerator
    {
        public string Name => "faulty";

        public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
            fault switch
            {
                "fewer" => Give([]),
                "more" => Give([.. requests.Select(_ => Verdict.Safe("f")), Verdict.Safe("f")]),
                "null" => Give([.. requests.Select(_ => (Verdict)null!)]),
                "null list" => Task.FromResult<IReadOnlyList<Verdict>>(null!),
                "nan" => Give([Verdict.Safe("f") with { Score = double.NaN }]),
                "contradiction" => Give([Verdict.Safe("f") with { Severity = Severity.Severe }]),
                "throws at once" => throw new InvalidOperationException("broken"),
                "hangs" => Hang(),
                "hangs the thread" => HangThread(),
                "cancels itself" => Task.FromCanceled<IReadOnlyList<Verdict>>(new CancellationToken(true)),
                _ => throw new ArgumentOutOfRangeException(nameof(fault)),
            };

        private static Task<IReadOnlyList<Verdict>> Give(IReadOnlyList<Verdict> verdicts) => Task.FromResult(verdicts);

        private static async Task<IReadOnlyList<Verdict>> Hang()
        {
            await Task.Delay(3000);
            return [Verdict.Safe("f")];
        }

        private static Task<IReadOnlyList<Verdict>> HangThread()
        {
            Thread.Sleep(1000);
            return Give([Verdict.Safe("f")]);
        }
    }
}
