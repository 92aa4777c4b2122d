using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>What the run had to reach, and what it reached.</summary>
internal static class ThresholdsSection
{
    public static PageSection Build(DemoResults results)
    {
        int met = results.Thresholds.Count(threshold => threshold.Passed);
        return new(
            "thresholds", "Thresholds", $"{met} of {results.Thresholds.Count} thresholds met",
            results.Thresholds.Any(threshold => threshold.Enforced)
                ? "Fixed before the run. The command ends with an error where one is missed."
                : "Reported for orientation: a run of this size is not held to them.",
            results.Thresholds.Count == 0 ? Markup.Empty : PageTable.Render(
                "Thresholds", ["Figure", "Required", "Reached", "Met"],
                // what fell short first: that is what a reader looks for
                results.Thresholds.OrderBy(threshold => threshold.Passed).Select(Row)));
    }

    private static Markup[] Row(ThresholdResult threshold) =>
    [
        Markup.Of($"{threshold.Name}"),
        Markup.Of($"{(threshold.Comparison == Comparison.AtLeast ? "≥" : "≤")} {FigureText.Of(threshold.Required, threshold.Unit)}"),
        Markup.Of($"<b>{FigureText.Of(threshold.Reached, threshold.Unit)}</b>"),
        threshold.Passed ? Pill("safe", "✓ met") : threshold.Enforced ? Pill("unsafe", "✗ missed") : Pill("quiet", "not reached"),
    ];

    private static Markup Pill(string kind, string text) => Markup.Of($"<span class=\"pill {kind}\">{text}</span>");
}
