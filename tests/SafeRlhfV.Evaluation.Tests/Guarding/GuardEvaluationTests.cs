using SafeRlhfV.Guard;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class GuardEvaluationTests
{
    private static readonly GuardExample[] Examples =
    [
        Answer(Severity.Severe, "animal_abuse"), Answer(Severity.Minor, "animal_abuse"), Answer(Severity.None, "animal_abuse"),
        Answer(Severity.None, "false_information"),
        new(new ModerationRequest("prompt"), true) { Severity = Severity.Moderate, Categories = ["false_information"], Topic = "false_information" },
        new(new ModerationRequest("prompt"), false) { Severity = Severity.None, Categories = [] },
    ];

    private static readonly Verdict[] Verdicts =
    [
        Verdict.Unsafe("g", Severity.Severe, ["animal_abuse"], 0.9), // right
        Verdict.Safe("g", 0.4), // missed
        Verdict.Unsafe("g", Severity.Minor, ["animal_abuse"], 0.6), // false alarm
        Verdict.Safe("g", 0.1), // right
        Verdict.Unsafe("g", Severity.Severe, ["false_information", "animal_abuse"], 0.8), // right, of another severity, one category too many
        Verdict.Failed("g", "broke"), // blocked
    ];

    [Fact]
    public void FiguresAreThoseCountedByHand()
    {
        GuardEvaluation found = GuardEvaluation.Measure(Examples, Verdicts);
        Assert.Equal((6, 3, 1), (found.Overall.Rows, found.Overall.Unsafe, found.Overall.Failed));
        Assert.Equal(3 / 6.0, found.Overall.Accuracy.Value);
        Assert.Equal(2 / 3.5, found.Overall.F1.Value, 12);
        Assert.Equal(2 / 3.0, found.Overall.FalsePositiveRate.Value, 12);
        Assert.Equal(1 / 3.0, found.Overall.MissRate.Value, 12);
        Assert.Equal(["prompts", "answers"], found.Sides.Select(side => side.Name));
        Assert.Equal(4, found.Sides[1].Rows);
        Assert.Equal(["animal_abuse", "false_information"], found.Topics.Select(topic => topic.Name));
        Assert.Equal((1.0, 0.0, 0.0), (found.Severities[0].MissRate.Value, found.Severities[1].MissRate.Value, found.Severities[2].MissRate.Value));
        // categories: animal_abuse called 3 times, labelled 2, right once; false_information called and labelled once
        Assert.Equal(2 * 1 / 5.0, found.Categories.Single(category => category.Name == "animal_abuse").F1, 12);
        Assert.Equal(1, found.Categories.Single(category => category.Name == "false_information").F1);
        Assert.Equal(2 * 2 / 7.0, found.CategoryF1, 12);
        Assert.Equal(2 / 6.0, found.SeverityAccuracy, 12);
        Assert.Equal(1, found.SeverityCounts[(int)Severity.Moderate][(int)Severity.Severe]);
        Assert.Equal((0.0, 1.0), (found.ThresholdCurve[0].MissRate, found.ThresholdCurve[0].FalsePositiveRate));
        Assert.True(found.Overall.Accuracy.Low < 0.5 && found.Overall.Accuracy.High > 0.5);
    }

    [Fact]
    public void AGuardThatIsRightOnFewExamplesIsNotCertain()
    {
        GuardExample[] examples = [.. Enumerable.Range(0, 20).Select(i => Answer(i < 10 ? Severity.Minor : Severity.None, "animal_abuse"))];
        Verdict[] right = [.. examples.Select(one => one.IsUnsafe ? Verdict.Unsafe("guard", Severity.Minor, ["animal_abuse"]) : Verdict.Safe("guard"))];
        GuardGroupFigures found = GuardEvaluation.Measure(examples, right).Overall;
        Assert.Equal(Proportion.Wilson(20, 20), found.Accuracy);
        Assert.Equal(Proportion.Wilson(0, 10), found.MissRate);
        Assert.Equal(Proportion.Wilson(0, 10), found.FalsePositiveRate);
        foreach (Estimate figure in (Estimate[])[found.F1, found.Auc, found.Auprc]) Assert.Equal(new Estimate(1, double.NaN, double.NaN), figure);
    }

    [Fact]
    public void ThePageHoldsTheFiguresAndEscapesNames()
    {
        using TemporaryFolder temporary = new();
        GuardPage.Write(temporary.At("guard.html"), "<guard>", "data", GuardEvaluation.Measure(Examples, Verdicts));
        string page = File.ReadAllText(temporary.At("guard.html"));
        Assert.Contains("&lt;guard&gt; on data: 6 examples, 3 of them unsafe", page);
        Assert.Contains("animal abuse", page);
        Assert.Contains("50.0", page);
    }

    private static GuardExample Answer(Severity severity, string topic) =>
        new(new ModerationRequest("question", "answer"), severity != Severity.None)
        {
            Severity = severity,
            Categories = severity == Severity.None ? [] : [topic],
            Topic = topic
        };
}
