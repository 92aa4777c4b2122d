using System.Globalization;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>A judge with a bias of known size is recovered by the figures of its controls.</summary>
public sealed class JudgeBiasTests
{
    private const int Prompts = 240, Repeats = 40;

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0.3, 0, 0)]
    [InlineData(0, 0.2, 0)]
    [InlineData(0, 0, 0.25)]
    [InlineData(0.25, 0.15, 0.4)]
    public async Task APlantedBiasLiesInTheIntervals(double position, double length, double identical)
    {
        Dictionary<string, int> covered = [];
        (int excludesEvenPlace, int excludesNoSlope) = (0, 0);
        for (int seed = 0; seed < Repeats; seed++)
        {
            JudgedPrompt[] prompts = Pairs(seed);
            PreferenceReport report = await PreferenceEvaluation.RunAsync(Planted(position, length, identical, seed), prompts,
                new() { Seed = seed, Probes = 120, Resamples = 100 }, cancellationToken: TestContext.Current.CancellationToken);
            JudgeBias bias = report.Controls.Bias;
            void Check(string name, double planted, Estimate found)
            {
                bool holds = found.Low <= planted && planted <= found.High;
                covered[name] = covered.GetValueOrDefault(name) + (holds ? 1 : 0);
            }
            Check("consistency", prompts.Average(prompt => Consistency(position, length, prompt)), bias.ConsistentHelpful);
            Check("slope", (1 - position) * length, bias.LengthSlopeHelpful);
            Check("identical", 1 - identical, bias.IdenticalTiedHelpful);
            Check("identical harmless", 1, bias.IdenticalTiedSafe);
            if (bias.LengthSlopeHelpful.Low > 0) excludesNoSlope++;
            if (report.Controls.FirstPreferredHelpful > 0.55) excludesEvenPlace++;
        }
        // a 95 % interval of 40 holds the planted value in 32 or fewer one time in 2000
        Assert.All(covered, one => Assert.True(one.Value > 32, $"{one.Key}: {one.Value} of {Repeats}"));
        Assert.InRange(excludesNoSlope, length > 0 ? 25 : 0, length > 0 ? Repeats : 5);
        Assert.InRange(excludesEvenPlace, position > 0 ? 35 : 0, position > 0 ? Repeats : 5);
    }

    [Fact]
    public async Task AJudgeOfTheBetterAnswerAloneShowsNoBias()
    {
        // the better answer is the longer one as often as the shorter one
        DelegateJudge judge = new(question =>
        {
            Preference better = Quality(question.First).CompareTo(Quality(question.Second)) switch
            {
                > 0 => Preference.First,
                < 0 => Preference.Second,
                _ => Preference.Neither,
            };
            return new(new(2, 1), new(2, 1), better, better);
        });
        PreferenceReport report = await PreferenceEvaluation.RunAsync(judge, Pairs(1), new() { Probes = 50 },
            cancellationToken: TestContext.Current.CancellationToken);
        JudgeBias bias = report.Controls.Bias;
        Assert.Equal((1.0, 1.0), (bias.ConsistentHelpful.Value, bias.ConsistentSafe.High));
        Assert.InRange(bias.ConsistentHelpful.Low, 0.95, 0.999); // consistent so far is not consistent for ever
        Assert.True(bias.LengthSlopeSafe is { Low: < 0, High: > 0 });
        Assert.Equal((1.0, 1.0), (bias.IdenticalTiedHelpful.Value, bias.IdenticalTiedSafe.Value));
    }

    [Fact]
    public async Task WhatCannotBeMeasuredIsNoFigure()
    {
        PreferenceReport report = await PreferenceEvaluation.RunAsync(new DelegateJudge(_ => null), Pairs(1)[..4], new() { Probes = 2 },
            cancellationToken: TestContext.Current.CancellationToken);
        JudgeBias bias = report.Controls.Bias;
        Assert.All([bias.ConsistentHelpful, bias.LengthSlopeHelpful, bias.IdenticalTiedSafe], figure => Assert.True(double.IsNaN(figure.Value)));
    }

    // takes the first with the given probability, else looks at the lengths; gives two copies of one text other rates with the given probability
    private static DelegateJudge Planted(double position, double length, double identical, int seed) => new(question =>
    {
        RandomStream random = new(seed, $"planted/{question.Id}/{question.First.Length}/{question.Second.Length}");
        if (question.First == question.Second)
            return new(new(2, 1), new(random.Chance(identical) ? 1 : 2, 1), Preference.First, Preference.First);
        Preference preference = random.Chance(FirstShare(position, length, question.First, question.Second)) ? Preference.First : Preference.Second;
        return new(new(2, 1), new(2, 1), preference, preference);
    });

    private static double FirstShare(double position, double length, string first, string second) =>
        position + (1 - position) * (0.5 + length * Math.Log2((first.Length + 1.0) / (second.Length + 1.0)));

    // the chance that both orders name the same answer
    private static double Consistency(double position, double length, JudgedPrompt prompt)
    {
        double one = FirstShare(position, length, prompt.Candidate, prompt.Baseline), other = FirstShare(position, length, prompt.Baseline, prompt.Candidate);
        return one * (1 - other) + (1 - one) * other;
    }

    private static double Quality(string answer) => double.Parse(answer.Split(' ')[0], CultureInfo.InvariantCulture);

    private static JudgedPrompt[] Pairs(int seed)
    {
        RandomStream random = new(seed, "pairs");
        string Answer() => $"{random.NextInt(1000):000} {new string('x', 15 + random.NextInt(30))}";
        return [.. Enumerable.Range(0, Prompts).Select(i =>
        {
            string candidate = Answer(), baseline = Answer();
            // lengths differ, so that the answers do
            return new JudgedPrompt($"p{i}", "animal_abuse", null, "?", candidate, baseline.Length == candidate.Length ? baseline + "x" : baseline);
        })];
    }
}
