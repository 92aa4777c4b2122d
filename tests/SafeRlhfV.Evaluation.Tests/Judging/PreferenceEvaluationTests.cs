using System.Globalization;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Answers here are numbers: the larger is the better one.</summary>
public sealed class PreferenceEvaluationTests
{
    private static JudgedPrompt[] Prompts(int count, Func<int, (int Candidate, int Baseline)> answers) =>
    [
        .. Enumerable.Range(0, count).Select(i =>
            new JudgedPrompt($"p{i}", i % 2 == 0 ? "animal_abuse" : "dangerous_behavior", null, "?", Text(answers(i).Candidate), Text(answers(i).Baseline))),
    ];

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
    private static int Value(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    private static AnswerRating Rating(string text) => new(Math.Clamp(Value(text), 0, 3), Math.Clamp(Value(text), -3, 3));

    private static Preference Compare(string first, string second) =>
        Value(first).CompareTo(Value(second)) switch { > 0 => Preference.First, < 0 => Preference.Second, _ => Preference.Neither };

    private static readonly DelegateJudge Exact = new(question =>
        new(Rating(question.First), Rating(question.Second), Compare(question.First, question.Second), Compare(question.First, question.Second)));

    [Fact]
    public async Task AnExactJudgeGivesTheExactWinRateAndPassesItsControls()
    {
        // of 8: 4 wins, 2 ties, 2 losses
        JudgedPrompt[] prompts = Prompts(8, i => i < 4 ? (2, 1) : i < 6 ? (1, 1) : (0, 3));
        PreferenceReport report = await PreferenceEvaluation.RunAsync(Exact, prompts, new() { Probes = 5 });
        Assert.Equal((4, 2, 2, 0), (report.Helpful.Wins, report.Helpful.Ties, report.Helpful.Losses, report.Helpful.Failures));
        Assert.Equal(0.625, report.Safe.Rate.Value);
        Assert.Equal(new MeanRatings(1.25, 1.25), report.CandidateRatings);
        Assert.Equal(new MeanRatings(1.5, 1.5), report.BaselineRatings);
        Assert.Equal(["dangerous_behavior", "animal_abuse"], report.Categories.Select(one => one.Category)); // the taxonomy's order
        Assert.Equal(8, report.Categories.Sum(one => one.Helpful.Wins + one.Helpful.Ties + one.Helpful.Losses));
        JudgeControls controls = report.Controls;
        Assert.Equal((21, 0, 5), (controls.Asked, controls.ParseFailures, controls.Probes));
        Assert.Equal((0.0, 0.0, 0.5, 0.0),
            (controls.OrderDependentHelpful, controls.OrderDependentSafe, controls.FirstPreferredHelpful, controls.ProbesRatedDifferently));
    }

    [Fact]
    public async Task AJudgeThatAlwaysPrefersTheFirstWinsNothingAndIsSeen()
    {
        DelegateJudge biased = new(_ => new(new(3, 3), new(1, 0), Preference.First, Preference.First));
        PreferenceReport report = await PreferenceEvaluation.RunAsync(biased, Prompts(20, _ => (3, 0)), new() { Probes = 10 });
        Assert.Equal((0, 20, 0.5), (report.Helpful.Wins, report.Helpful.Ties, report.Helpful.Rate.Value));
        JudgeControls controls = report.Controls;
        Assert.Equal((1.0, 1.0, 1.0), (controls.OrderDependentHelpful, controls.FirstPreferredSafe, controls.ProbesFirstHelpful));
        Assert.Equal(1, controls.ProbesRatedDifferently);
    }

    [Fact]
    public async Task AReplyThatCannotBeReadIsAFailureAndNeverATie()
    {
        DelegateJudge mute = new(question =>
            question.Id is "p0" or "p1" && question.First == "2"
                ? null
                : new(Rating(question.First), Rating(question.Second), Compare(question.First, question.Second), Preference.Neither));
        PreferenceReport report = await PreferenceEvaluation.RunAsync(mute, Prompts(6, _ => (2, 1)), new() { Probes = 0 });
        Assert.Equal((4, 0, 0, 2), (report.Helpful.Wins, report.Helpful.Ties, report.Helpful.Losses, report.Helpful.Failures));
        Assert.Equal(1, report.Helpful.Rate.Value);
        Assert.Equal(2, report.Controls.ParseFailures);
        Assert.True(double.IsNaN(report.Controls.ProbesFirstSafe));
    }

    [Fact]
    public async Task SeveralAnswersToAPromptAreCountedEachAndDrawnTogether()
    {
        JudgedPrompt[] one = Prompts(40, i => i % 3 == 0 ? (0, 1) : (2, 1));
        JudgedPrompt[] five = [.. one.SelectMany(prompt => Enumerable.Range(0, 5).Select(sample => prompt with { Sample = sample }))];
        PreferenceReport single = await PreferenceEvaluation.RunAsync(Exact, one, new()), several = await PreferenceEvaluation.RunAsync(Exact, five, new());
        Assert.Equal((40, 40, 40, 200), (single.Prompts, single.Answers, several.Prompts, several.Answers));
        Assert.Equal(5 * single.Helpful.Wins, several.Helpful.Wins);
        Assert.Equal(single.Helpful.Rate.Value, several.Helpful.Rate.Value, 12);
        // the same answer five times tells no more than once
        foreach ((Estimate lone, Estimate repeated) in ((Estimate, Estimate)[])[(single.Helpful.Rate, several.Helpful.Rate),
            (single.Categories[0].Safe.Rate, several.Categories[0].Safe.Rate),
            (single.Controls.Bias.LengthSlopeSafe, several.Controls.Bias.LengthSlopeSafe)])
            Assert.Equal(lone.High - lone.Low, repeated.High - repeated.Low, 0.03);
        // a win and a loss to every prompt: no resample differs, and the rate is not certain all the same
        JudgedPrompt[] even = [.. Prompts(20, _ => (2, 1)).SelectMany(prompt => (JudgedPrompt[])[prompt, prompt with { Candidate = "0", Sample = 1 }])];
        Estimate half = (await PreferenceEvaluation.RunAsync(Exact, even, new())).Helpful.Rate;
        Assert.True(half is { Value: 0.5, Low: < 0.45, High: > 0.55 }, $"{half}");
        JudgedPrompt[] won = [.. five.Where(prompt => prompt.Candidate == "2")];
        Assert.Equal((await PreferenceEvaluation.RunAsync(Exact, [.. won.Where(prompt => prompt.Sample == 0)], new())).Helpful.Rate,
            (await PreferenceEvaluation.RunAsync(Exact, won, new())).Helpful.Rate);
    }

    [Fact]
    public async Task TheSameSeedGivesTheSameReportWhateverTheConcurrency()
    {
        JudgedPrompt[] prompts = Prompts(30, i => (i % 4, (i + 1) % 3));
        PreferenceReport one = await PreferenceEvaluation.RunAsync(Exact, prompts, new() { Seed = 4, Concurrency = 1 });
        PreferenceReport many = await PreferenceEvaluation.RunAsync(Exact, prompts, new() { Seed = 4, Concurrency = 16 });
        Assert.Equal(one with { Categories = [], Items = [] }, many with { Categories = [], Items = [] });
        Assert.Equal(one.Categories, many.Categories);
        Assert.Equal(one.Items, many.Items);
    }

    [Fact]
    public async Task EveryPairIsAskedInBothOrdersAndWhichComesFirstVaries()
    {
        List<(string Id, bool CandidateFirst)> asked = [];
        DelegateJudge judge = new(question =>
        {
            asked.Add((question.Id, question.First == "9"));
            return new(new(0, 0), new(0, 0), Preference.First, Preference.First);
        });
        await PreferenceEvaluation.RunAsync(judge, Prompts(40, _ => (9, 1)), new() { Probes = 0, Concurrency = 1 });
        Assert.All(asked.GroupBy(one => one.Id), group => Assert.Equal([false, true], group.Select(one => one.CandidateFirst).Order()));
        Assert.InRange(asked.Where((_, i) => i % 2 == 0).Count(one => one.CandidateFirst), 8, 32);
    }

    [Fact]
    public async Task CancellingStopsTheAsking()
    {
        using CancellationTokenSource stop = new();
        DelegateJudge judge = new(_ =>
        {
            stop.Cancel();
            return null;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            PreferenceEvaluation.RunAsync(judge, Prompts(50, _ => (1, 0)), new() { Concurrency = 1 }, cancellationToken: stop.Token));
    }
}
