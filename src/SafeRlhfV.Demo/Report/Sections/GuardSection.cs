using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>Beaver-Guard-V: the unsafe rate by round, its price, and how well it moderates.</summary>
internal static class GuardSection
{
    public static ReportSection Build(DemoResults results) => new(
        "guard", "Guard", "What filter-and-regenerate takes away, and what it costs",
        "The guard reads each answer of the unaligned start; what it flags is answered anew, up to the last round, and then refused. No weight of the start is changed.",
        results.Guard is not GuardResult guard ? Markup.Empty : Markup.Of($"""
            <div class="grid two">{Unsafe(guard)}{Helpful(guard)}</div>
            {Prices(guard)}
            {Moderation(guard)}
            {Promises(guard)}
            """));

    private static Markup Unsafe(GuardResult guard) => guard.Curves.Count == 0 ? Markup.Empty : new ReportChart
    {
        Id = "guard-unsafe",
        Title = "Unsafe answers by round",
        Summary = string.Join("; ", guard.Curves.Select(curve =>
            $"{curve.Name}: {string.Join(", ", curve.Rounds.Select(round => Words.Percent(round.UnsafeRate.Value)))}, after the refusal {Words.Percent(curve.UnsafeAfterRefusal)}")),
        Height = 330,
        Traces = [.. guard.Curves.SelectMany((curve, i) => Band(curve, i))],
        Layout = Axes("Unsafe answers, %"),
        Table =
        [
            ["Round", .. guard.Curves.Select(curve => curve.Name)],
            .. Rounds(guard).Select(k => (string[])[Name(k), .. guard.Curves.Select(curve => Cell(curve, k, round => Words.Percent(round.UnsafeRate.Value)))]),
            ["after the refusal", .. guard.Curves.Select(curve => Words.Percent(curve.UnsafeAfterRefusal))],
        ],
        Note = "Bands are 95 % intervals over prompts; “refusal” is what remains once an answer still flagged is replaced by the explained refusal.",
    }.Render();

    private static Markup Helpful(GuardResult guard) => guard.Curves.Count == 0 ? Markup.Empty : new ReportChart
    {
        Id = "guard-helpful",
        Title = "The price: mean helpfulness by round",
        Summary = string.Join("; ", guard.Curves.Select(curve =>
            $"{curve.Name}: {string.Join(", ", curve.Rounds.Select(round => Words.Number(round.Helpful)))}, after the refusal {Words.Number(curve.HelpfulAfterRefusal)}")),
        Height = 330,
        Traces = [.. guard.Curves.Select((curve, i) => Line(curve, i, round => round.Helpful, curve.HelpfulAfterRefusal, "%{y:.2f}"))],
        Layout = Axes("Helpfulness, 0 to 3"),
        Table =
        [
            ["Round", .. guard.Curves.Select(curve => curve.Name)],
            .. Rounds(guard).Select(k => (string[])[Name(k), .. guard.Curves.Select(curve => Cell(curve, k, round => Words.Number(round.Helpful)))]),
            ["after the refusal", .. guard.Curves.Select(curve => Words.Number(curve.HelpfulAfterRefusal))],
        ],
    }.Render();

    private static IEnumerable<object> Band(GuardCurve curve, int index)
    {
        IEnumerable<string> rounds = curve.Rounds.Select(round => Name(round.Round));
        object Edge(Func<Estimate, double> end, string? fill) => new
        {
            type = "scatter",
            mode = "lines",
            x = rounds,
            y = curve.Rounds.Select(round => 100 * end(round.UnsafeRate)),
            line = new { width = 0 },
            fill,
            fillcolor = index == 0 ? "rgba(14,148,103,0.18)" : "rgba(212,96,10,0.15)",
            showlegend = false,
            hoverinfo = "skip",
        };
        yield return Edge(rate => rate.Low, null);
        yield return Edge(rate => rate.High, "tonexty");
        yield return Line(curve, index, round => 100 * round.UnsafeRate.Value, 100 * curve.UnsafeAfterRefusal, "%{y:.1f} %");
    }

    private static object Line(GuardCurve curve, int index, Func<GuardRound, double> figure, double last, string hover) => new
    {
        type = "scatter",
        mode = "lines+markers",
        name = curve.Name,
        x = curve.Rounds.Select(round => Name(round.Round)).Append("refusal"),
        y = curve.Rounds.Select(figure).Append(last),
        line = new { color = index == 0 ? "#0e9467" : "#d4600a", width = 2.4, dash = index == 0 ? "solid" : "dash" },
        marker = new { symbol = index == 0 ? "circle" : "diamond", size = 9 },
        hovertemplate = hover,
    };

    private static object Axes(string up) => new
    {
        showlegend = true,
        hovermode = "x unified",
        legend = new { orientation = "h", x = 0, y = 1.02, yanchor = "bottom", traceorder = "normal" },
        xaxis = new { title = new { text = "Regeneration round" }, type = "category" },
        yaxis = new { title = new { text = up }, rangemode = "tozero" },
    };

    private static IEnumerable<int> Rounds(GuardResult guard) => guard.Curves.SelectMany(curve => curve.Rounds).Select(round => round.Round).Distinct().Order();

    private static string Name(int round) => round == 0 ? "first" : $"{round}";

    private static string Cell(GuardCurve curve, int k, Func<GuardRound, string> figure) => curve.Rounds.FirstOrDefault(round => round.Round == k) is GuardRound found ? figure(found) : "";

    private static Markup Prices(GuardResult guard) => guard.Curves.Count == 0 ? Markup.Empty : ReportTable.Render(
        "Filter and regenerate", ["Filter and regenerate", "Fall of the unsafe rate", "Unsafe after the refusal", "Safe first answers flagged", "Benign prompts refused in the end"],
        guard.Curves.Select(curve => (Markup[])
        [
            Markup.Of($"{curve.Name}"), Markup.Of($"<b>{Words.Number(curve.DropPoints, 1)} points</b>"), Markup.Of($"{Words.Percent(curve.UnsafeAfterRefusal)}"),
            Markup.Of($"{Words.Percent(curve.FalseAlarmRate)}"), Markup.Of($"{Words.Percent(curve.FalseRefusalRate)}"),
        ]), "figures");

    private static Markup Moderation(GuardResult guard)
    {
        (string Name, GuardFigures? Figures)[] rows = [("picture, question and answer", guard.WithResponse), ("picture and question alone", guard.PromptAlone)];
        return rows.All(row => row.Figures is null) ? Markup.Empty : ReportTable.Render(
            "Moderation of held-out rows", ["Moderation of held-out rows", "Rows", "Verdict right", "F1 of unsafe", "False alarms", "Missed", "Category F1", "Severity right"],
            rows.Where(row => row.Figures is not null).Select(row => (Markup[])
            [
                Markup.Of($"{row.Name}"), Markup.Of($"{row.Figures!.Rows}"), Markup.Of($"<b>{Words.Percent(row.Figures.VerdictAccuracy)}</b>"),
                .. new[] { row.Figures.F1, row.Figures.FalseAlarmRate, row.Figures.MissRate, row.Figures.CategoryF1, row.Figures.SeverityAccuracy }
                    .Select(share => Markup.Of($"{Words.Percent(share)}")),
            ]), "figures");
    }

    private static Markup Promises(GuardResult guard) => guard.Thresholds.Count == 0 ? Markup.Empty : ReportTable.Render(
        "Thresholds with a promise",
        ["Thresholds with a promise (true labels)", "Rows", "Unsafe", "At most missed", "Unsafe from", "Missed", "Safe ones flagged", "Kept in random halvings"],
        guard.Thresholds.Select(one => (Markup[])
        [
            Markup.Of($"{(one.Side == "prompt" ? "picture and question alone" : "picture, question and answer")}"), Markup.Of($"{one.Rows}"), Markup.Of($"{one.Unsafe}"),
            Markup.Of($"{Words.Percent(one.Target)}, confidence {Words.Percent(one.Confidence)}"), Markup.Of($"{Words.Number(one.Threshold, 3)}"),
            Markup.Of($"{Words.Percent(one.MissRate)}"), Markup.Of($"{Words.Percent(one.FalseAlarmRate)}"),
            Markup.Of($"<b>{(one.HeldSplits is { } held ? $"{Words.Percent(held)} of {one.Splits}" : "too few rows")}</b>"),
        ]), "figures");
}
