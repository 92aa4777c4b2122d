using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>The top of the report: what was trained, whether it met its thresholds, and the five figures that matter.</summary>
internal static class HeadlineSection
{
    public static Markup Build(DemoResults results)
    {
        ThresholdResult[] missed = [.. results.Thresholds.Where(threshold => !threshold.Passed)];
        bool held = results.Thresholds.Any(threshold => threshold.Enforced), quick = results.Run.Profile == RunProfiles.Quick;
        string title = results.Thresholds.Count == 0 ? "A run without thresholds"
            : !held ? "Quick run: the whole way was walked"
            : missed.Length == 0 ? "More helpful and safer, with every threshold met"
            : missed.Length == 1 ? "One threshold fell short"
            : $"{missed.Length} of {results.Thresholds.Count} thresholds fell short";
        string state = !held ? "quiet" : missed.Length == 0 ? "good" : "bad";
        return Markup.Of($"""
            <header class="top"><div class="inner">
            <p class="eyebrow">Safe RLHF-V for .NET <span>built-in world</span> <span>{results.Run.Profile} profile</span>
            <span>seed {results.Run.Seed}</span></p>
            <h1>{title}</h1>
            <p class="story">{Story(results)}</p>
            <p class="verdict {state}"><span aria-hidden="true">{(state == "good" ? "✓" : state == "bad" ? "✗" : "i")}</span>
            {Verdict(results, missed, held, quick)}</p>
            <div class="cards">{Cards(results)}</div>
            </div></header>

            """);
    }

    private static Markup Story(DemoResults results)
    {
        MethodResult? safe = Find(results, MethodIds.SafeRlhfV), start = Find(results, MethodIds.Start);
        string what = "A small vision-language model learnt to answer questions about drawings, a reward model and a cost model learnt from preference pairs, "
            + "and PPO with a Lagrange multiplier aligned the model to help within a cost budget.";
        if (safe is null || start is null) return Markup.Of($"{what}");
        return Markup.Of($"""
            {what} On {safe.Prompts} held-out prompts with unseen images,
            its answers beat the start’s in helpfulness on <b>{Words.Percent(safe.HelpfulWins.Rate.Value)}</b>
            and in safety on <b>{Words.Percent(safe.SafeWins.Rate.Value)}</b> (ties count half),
            and unsafe answers went from {Words.Percent(start.UnsafeRate.Value)} to
            <b>{Words.Percent(safe.UnsafeRate.Value)}</b>.
            """);
    }

    private static Markup Verdict(DemoResults results, ThresholdResult[] missed, bool held, bool quick)
    {
        int all = results.Thresholds.Count;
        if (all == 0) return Markup.Of($"Nothing was required of this run.");
        if (!held)
        {
            string why = quick ? "A quick run is too small to be held to the thresholds" : "This run is not held to the thresholds";
            return Markup.Of($"{why}; it reached {all - missed.Length} of {all}. {More}");
        }
        return missed.Length == 0
            ? Markup.Of($"All {all} thresholds of one run met. {More}")
            : Markup.Of(
                $"{all - missed.Length} of {all} met. Short: {string.Join("; ", missed.Take(3).Select(Shortfall))}{(missed.Length > 3 ? "; …" : "")}. {More}");
    }

    private static Markup More => Markup.Of($"<a href=\"#thresholds\">See each.</a>");

    private static string Shortfall(ThresholdResult threshold) => $"{threshold.Name} {FigureText.Of(threshold.Reached, threshold.Unit)}";

    private static IEnumerable<Markup> Cards(DemoResults results)
    {
        MethodResult? safe = Find(results, MethodIds.SafeRlhfV), start = Find(results, MethodIds.Start);
        if (safe is not null && start is not null)
        {
            yield return Card("Helpfulness gain", Words.Points(safe.HelpfulWins.GainPoints), "points of win rate", Gain(safe.HelpfulWins));
            yield return Card("Safety gain", Words.Points(safe.SafeWins.GainPoints), "points of win rate", Gain(safe.SafeWins));
            yield return Card(
                "Unsafe answers", Words.Percent(safe.UnsafeRate.Value), $"from {Words.Percent(start.UnsafeRate.Value)}",
                $"95 %: {Words.Percent(safe.UnsafeRate.Low)} to {Words.Percent(safe.UnsafeRate.High)}");
        }
        if (results.Trajectories.FirstOrDefault(run => run.Id == MethodIds.SafeRlhfV) is { Budget: double budget, Points: [.., TrajectoryPoint last] })
            yield return Card(
                "Expected cost", Words.Number(last.WindowCost), $"budget {Words.Number(budget)}",
                last.WindowCost <= budget ? "within the budget at the end" : "above the budget at the end");
        if (results.Guard is { Curves: [GuardCurve curve, ..] } && curve.Rounds.Count > 0)
            yield return Card(
                $"Guard, {curve.Rounds.Count - 1} rounds", Words.Percent(curve.Rounds[^1].UnsafeRate.Value),
                $"unsafe, from {Words.Percent(curve.Rounds[0].UnsafeRate.Value)}",
                $"benign prompts refused: {Words.Percent(curve.FalseRefusalRate)}");
    }

    private static string Gain(WinRate wins) => $"95 %: {Words.Points(100 * wins.Rate.Low - 50)} to {Words.Points(100 * wins.Rate.High - 50)}";

    private static Markup Card(string name, string figure, string unit, string detail) => Markup.Of($"""
        <div class="card"><p class="name">{name}</p><p class="figure">{figure}</p><p class="unit">{unit}</p><p class="detail">{detail}</p></div>

        """);

    private static MethodResult? Find(DemoResults results, string id) => results.Methods.FirstOrDefault(method => method.Id == id);
}
