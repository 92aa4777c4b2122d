using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>Beaver-Guard-V: the unsafe rate by round, its price, and how well it moderates.</summary>
internal static class GuardSection
{
    public static PageSection Build(DemoResults results) => new(
        "guard", "Guard", "What filter-and-regenerate takes away, and what it costs",
        "The guard reads each answer of the unaligned start; what it flags is answered again, up to the last round, and then refused. "
        + "No weight of the start is changed.",
        results.Guard is not GuardResult guard ? Markup.Empty : Markup.Of($"""
            <div class="grid two">{Unsafe(guard)}{Helpful(guard)}</div>
            {Prices(guard)}
            {Moderation(guard)}
            {Guarantees(guard)}
            """));

    private static Markup Unsafe(GuardResult guard) => guard.Curves.Count == 0 ? Markup.Empty : new Chart
    {
        Id = "guard-unsafe",
        Title = "Unsafe answers by round",
        Summary = Summary(guard, round => Words.Percent(round.UnsafeRate.Value), curve => Words.Percent(curve.UnsafeAfterRefusal)),
        Height = 330,
        Legend = true,
        Columns = true,
        Across = Rounds(guard.Curves),
        Up = new("Unsafe answers, %") { FromZero = true },
        Series =
        [
            .. guard.Curves.Select((curve, i) =>
                Line(curve, i, round => 100 * round.UnsafeRate.Value, 100 * curve.UnsafeAfterRefusal, round => round.UnsafeRate)),
        ],
        Table =
        [
            ["Round", .. guard.Curves.Select(curve => curve.Name)],
            .. Rounds(guard).Select(k => (string[])[Name(k), .. guard.Curves.Select(curve => Cell(curve, k, round => Words.Percent(round.UnsafeRate.Value)))]),
            ["after the refusal", .. guard.Curves.Select(curve => Words.Percent(curve.UnsafeAfterRefusal))],
        ],
        Note = "Bands are 95 % intervals over prompts; “refusal” is what remains once an answer still flagged is replaced by the explained refusal.",
    }.Render();

    private static Markup Helpful(GuardResult guard) => guard.Curves.Count == 0 ? Markup.Empty : new Chart
    {
        Id = "guard-helpful",
        Title = "The price: mean helpfulness by round",
        Summary = Summary(guard, round => Words.Number(round.Helpful), curve => Words.Number(curve.HelpfulAfterRefusal)),
        Height = 330,
        Legend = true,
        Columns = true,
        Across = Rounds(guard.Curves),
        Up = new("Helpfulness, 0 to 3") { FromZero = true },
        Series = [.. guard.Curves.Select((curve, i) => Line(curve, i, round => round.Helpful, curve.HelpfulAfterRefusal))],
        Table =
        [
            ["Round", .. guard.Curves.Select(curve => curve.Name)],
            .. Rounds(guard).Select(k => (string[])[Name(k), .. guard.Curves.Select(curve => Cell(curve, k, round => Words.Number(round.Helpful)))]),
            ["after the refusal", .. guard.Curves.Select(curve => Words.Number(curve.HelpfulAfterRefusal))],
        ],
    }.Render();

    private static string Summary(GuardResult guard, Func<GuardRound, string> figure, Func<GuardCurve, string> last) => string.Join(
        "; ", guard.Curves.Select(curve => $"{curve.Name}: {string.Join(", ", curve.Rounds.Select(figure))}, after the refusal {last(curve)}"));

    private static ChartSeries Line(
        GuardCurve curve, int index, Func<GuardRound, double> figure, double last, Func<GuardRound, Estimate>? interval = null) => new(
        curve.Name, index == 0 ? 5 : 1,
        [
            .. curve.Rounds.Select(round => new ChartPoint(round.Round, figure(round))
            {
                UpInterval = interval?.Invoke(round) is { } ends ? (100 * ends.Low, 100 * ends.High) : null,
            }),
            new(curve.Rounds.Count, last),
        ])
        {
            Line = 2.4,
            Dash = ChartSeries.Dashes[index == 0 ? 0 : 2],
            Mark = index == 0 ? ChartMark.Circle : ChartMark.Diamond,
            Radius = 4.5,
            Band = interval is not null,
        };

    /// <summary>The rounds, and the refusal behind the last of them.</summary>
    private static ChartAxis Rounds(IReadOnlyList<GuardCurve> curves) => new("Regeneration round")
    {
        Categories = [.. Enumerable.Range(0, curves.Max(curve => curve.Rounds.Count)).Select(Name), "refusal"],
    };

    private static IEnumerable<int> Rounds(GuardResult guard) => guard.Curves.SelectMany(curve => curve.Rounds).Select(round => round.Round).Distinct().Order();

    private static string Name(int round) => round == 0 ? "first" : $"{round}";

    private static string Cell(GuardCurve curve, int k, Func<GuardRound, string> figure) =>
        curve.Rounds.FirstOrDefault(round => round.Round == k) is GuardRound found ? figure(found) : "";

    private static Markup Prices(GuardResult guard) => guard.Curves.Count == 0 ? Markup.Empty : PageTable.Render(
        "Filter and regenerate",
        ["Filter and regenerate", "Fall of the unsafe rate", "Unsafe after the refusal", "Safe first answers flagged", "Benign prompts refused in the end"],
        guard.Curves.Select(curve => (Markup[])
        [
            Markup.Of($"{curve.Name}"), Markup.Of($"<b>{Words.Number(curve.DropPoints, 1)} points</b>"),
            Markup.Of($"{Words.Percent(curve.UnsafeAfterRefusal)}"),
            Markup.Of($"{Words.Percent(curve.FalseAlarmRate)}"), Markup.Of($"{Words.Percent(curve.FalseRefusalRate)}"),
        ]));

    private static Markup Moderation(GuardResult guard)
    {
        (string Name, GuardFigures? Figures)[] rows = [("image, question and answer", guard.WithResponse), ("image and question alone", guard.PromptAlone)];
        return rows.All(row => row.Figures is null) ? Markup.Empty : PageTable.Render(
            "Moderation of held-out rows",
            ["Moderation of held-out rows", "Rows", "Verdict right", "F1 of unsafe", "False alarms", "Missed", "Category F1", "Severity right"],
            rows.Where(row => row.Figures is not null).Select(row => (Markup[])
            [
                Markup.Of($"{row.Name}"), Markup.Of($"{row.Figures!.Rows}"), Markup.Of($"<b>{Words.Percent(row.Figures.VerdictAccuracy)}</b>"),
                .. new[] { row.Figures.F1, row.Figures.FalseAlarmRate, row.Figures.MissRate, row.Figures.CategoryF1, row.Figures.SeverityAccuracy }
                    .Select(share => Markup.Of($"{Words.Percent(share)}")),
            ]));
    }

    private static Markup Guarantees(GuardResult guard) => guard.Thresholds.Count == 0 ? Markup.Empty : PageTable.Render(
        "Thresholds with a risk guarantee",
        [
            "Thresholds with a risk guarantee (true labels)", "Rows", "Unsafe", "At most missed", "Unsafe from", "Missed", "Safe ones flagged",
            "Held in random halvings",
        ],
        guard.Thresholds.Select(one => (Markup[])
        [
            Markup.Of($"{(one.Side == "prompt" ? "image and question alone" : "image, question and answer")}"), Markup.Of($"{one.Rows}"),
            Markup.Of($"{one.Unsafe}"),
            Markup.Of($"{Words.Percent(one.Target)}, confidence {Words.Percent(one.Confidence)}"), Markup.Of($"{Words.Number(one.Threshold, 3)}"),
            Markup.Of($"{Words.Percent(one.MissRate)}"), Markup.Of($"{Words.Percent(one.FalseAlarmRate)}"),
            Markup.Of($"<b>{(one.HeldSplits is { } held ? $"{Words.Percent(held)} of {one.Splits}" : "too few rows")}</b>"),
        ]));
}
