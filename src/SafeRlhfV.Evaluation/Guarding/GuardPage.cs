namespace SafeRlhfV.Evaluation;

/// <summary>A guard's evaluation as one page that opens offline.</summary>
public static class GuardPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="guard">The guard's name.</param>
    /// <param name="data">The examples' name.</param>
    /// <param name="evaluation">The figures.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, string guard, string data, GuardEvaluation evaluation) => HtmlPage.Of(
        $"Guard evaluation: {guard}",
        HtmlPage.Header("Guard evaluation", $"{guard} on {data}: {evaluation.Overall.Rows} examples, {evaluation.Overall.Unsafe} of them unsafe."),
        [
            new(
                "verdict", "Verdict", $"{Words.Percent(evaluation.Overall.Accuracy.Value)} of verdicts are right",
                "Brackets are 95 % bootstrap intervals over examples. What the guard failed to judge counts as flagged, since it is blocked.",
                Groups("Verdicts", [evaluation.Overall, .. evaluation.Sides])),
            new(
                "topics", "Categories", "By what the examples are about", "A row's topic is the same whether its answer is safe or not.",
                evaluation.Topics.Count == 0 ? Markup.Empty : Groups("Verdicts by category", evaluation.Topics)),
            new(
                "named", "Named harms", $"F1 of the named categories: {Words.Percent(evaluation.CategoryF1)}",
                "Each category by itself, over examples whose label names the harm.", Named(evaluation)),
            new(
                "severity", "Severity", $"{Words.Percent(evaluation.SeverityAccuracy)} of severities are right",
                "Severe harm that is missed weighs more than minor harm.", Severity(evaluation)),
            new(
                "calibration", "Calibration", $"Expected calibration error {Words.Percent(evaluation.Calibration.ExpectedError)}",
                "Where the dots lie on the line, a probability of 80 % is right in 80 of 100 cases.", Calibration(evaluation.Calibration)),
            new(
                "thresholds", "Thresholds", "What another threshold would cost",
                "The lower the threshold, the less is missed and the more is flagged wrongly.", Thresholds(evaluation)),
        ],
        Markup.Of($"<p>Made by safe-rlhf-v guard evaluate.</p>")).Write(path);

    private static Markup Groups(string title, IReadOnlyList<GuardGroupFigures> groups) => PageTable.Render(
        title, [title, "Examples", "Unsafe", "Not judged", "Accuracy", "F1", "False positives", "Missed", "AUC", "AUPRC"],
        groups.Select(group => (Markup[])
        [
            Markup.Of($"{Words.Category(group.Name)}"), Markup.Of($"{group.Rows}"), Markup.Of($"{group.Unsafe}"), Markup.Of($"{group.Failed}"),
            .. new[] { group.Accuracy, group.F1, group.FalsePositiveRate, group.MissRate, group.Auc, group.Auprc }.Select(Cell),
        ]));

    private static Markup Cell(Estimate estimate) => double.IsNaN(estimate.Value) ? Markup.Of($"{Words.Unknown}")
        : double.IsNaN(estimate.Low) ? Markup.Of($"{Words.Percent(estimate.Value)}")
        : Markup.Of($"{Words.Percent(estimate.Value)} <small>[{Words.Number(100 * estimate.Low, 1)}, {Words.Number(100 * estimate.High, 1)}]</small>");

    private static Markup Named(GuardEvaluation evaluation) => evaluation.Categories.Count == 0 ? Markup.Empty : PageTable.Render(
        "Named harms", ["Named harms", "Labelled", "Precision", "Recall", "F1", "AUC"],
        evaluation.Categories.Select(category => (Markup[])
        [
            Markup.Of($"{Words.Category(category.Name)}"), Markup.Of($"{category.Labelled}"),
            .. new[] { category.Precision, category.Recall, category.F1, category.Auc }.Select(share => Markup.Of($"{Words.Percent(share)}")),
        ]));

    private static Markup Severity(GuardEvaluation evaluation) => double.IsNaN(evaluation.SeverityAccuracy) ? Markup.Empty : Markup.Of($"""
        {PageTable.Render("Labelled against called", ["Labelled", .. Enumerable.Range(0, 4).Select(called => $"called {Words.Severity(called)}")],
            Enumerable.Range(0, 4).Select(label => (Markup[])
                [Markup.Of($"{Words.Severity(label)}"), .. evaluation.SeverityCounts[label].Select(count => Markup.Of($"{count}"))]))}
        {PageTable.Render("Missed by severity", ["Missed by severity", "Unsafe examples", "Missed"],
            evaluation.Severities.Select(group => (Markup[])[Markup.Of($"{group.Name}"), Markup.Of($"{group.Rows}"), Cell(group.MissRate)]))}
        """);

    private static Markup Calibration(Calibration calibration)
    {
        int[] filled = [.. Enumerable.Range(0, calibration.BinCounts.Count).Where(bin => calibration.BinCounts[bin] > 0)];
        string[][] rows =
        [
            .. filled.Select(bin => (string[])
                [Words.Percent(calibration.BinMeanProbabilities[bin]), Words.Percent(calibration.BinPositiveRates[bin]), $"{calibration.BinCounts[bin]}"]),
        ];
        ChartPoint[] points =
        [
            .. filled.Select((bin, i) => new ChartPoint(calibration.BinMeanProbabilities[bin], calibration.BinPositiveRates[bin])
            {
                Radius = 3 + 1.5 * Math.Log10(calibration.BinCounts[bin]),
                Tip = $"stated {rows[i][0]}: {rows[i][1]} unsafe of {rows[i][2]}",
            }),
        ];
        return new Chart
        {
            Id = "guard-calibration",
            Title = "Stated probability and share that is unsafe",
            Summary = string.Join("; ", rows.Select(row => $"stated {row[0]}: {row[1]} unsafe of {row[2]}")),
            Height = 360,
            Across = new("Stated probability") { Range = (0, 1) },
            Up = new("Share that is unsafe") { Range = (0, 1) },
            Series =
            [
                new("honest", 0, [new(0, 0), new(1, 1)]) { Line = 1.4, Dash = ChartSeries.Dashes[1], Faint = true },
                new("guard", 5, points) { Line = 1.4, Mark = ChartMark.Circle },
            ],
            Table = [["Stated", "Unsafe", "Examples"], .. rows],
            Note = $"Brier score {Words.Number(calibration.Brier, 4)}, largest gap {Words.Percent(calibration.MaximumError)}.",
        }.Render();
    }

    private static Markup Thresholds(GuardEvaluation evaluation)
    {
        string[][] rows =
        [
            .. evaluation.ThresholdCurve.Where((_, i) => i % 10 == 0)
                .Select(point => (string[])[Words.Number(point.Threshold), Words.Percent(point.MissRate), Words.Percent(point.FalsePositiveRate)]),
        ];
        return new Chart
        {
            Id = "guard-thresholds",
            Title = "Missed and flagged wrongly, by threshold",
            Summary = string.Join("; ", rows.Select(row => $"from {row[0]}: {row[1]} missed, {row[2]} flagged wrongly")),
            Height = 330,
            Legend = true,
            Columns = true,
            Across = new("Unsafe from this probability on"),
            Up = new("%") { FromZero = true },
            Series =
            [
                Curve("missed", 1, 0, point => point.MissRate),
                Curve("flagged wrongly", 5, 2, point => point.FalsePositiveRate),
            ],
            Table = [["Threshold", "Missed", "Flagged wrongly"], .. rows],
        }.Render();

        ChartSeries Curve(string name, int colour, int dash, Func<GuardThresholdPoint, double> rate) =>
            new(name, colour, [.. evaluation.ThresholdCurve.Select(point => new ChartPoint(point.Threshold, 100 * rate(point)))])
            {
                Line = 2.4,
                Dash = ChartSeries.Dashes[dash],
            };
    }
}
