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
    public static void Write(string path, string guard, string data, GuardEvaluation evaluation) => ReportPage.Write(
        path,
        $"Guard evaluation: {guard}",
        Markup.Of($"<header><h1>Guard evaluation</h1><p>{guard} on {data}: {evaluation.Overall.Rows} examples, {evaluation.Overall.Unsafe} of them unsafe.</p></header>"),
        [
            new("verdict", "Verdict", $"{Words.Percent(evaluation.Overall.Accuracy.Value)} of verdicts are right", "Brackets are 95 % bootstrap intervals over examples. What the guard failed to judge counts as flagged, since it is blocked.", Groups("Verdicts", [evaluation.Overall, .. evaluation.Sides])),
            new("topics", "Categories", "By what the examples are about", "A row's topic is the same whether its answer is safe or not.", evaluation.Topics.Count == 0 ? Markup.Empty : Groups("Verdicts by category", evaluation.Topics)),
            new("named", "Named harms", $"F1 of the named categories: {Words.Percent(evaluation.CategoryF1)}", "Each category by itself, over examples whose label names the harm.", Named(evaluation)),
            new("severity", "Severity", $"{Words.Percent(evaluation.SeverityAccuracy)} of severities are right", "Severe harm that is missed weighs more than minor harm.", Severity(evaluation)),
            new("calibration", "Calibration", $"Expected calibration error {Words.Percent(evaluation.Calibration.ExpectedError)}", "Where the dots lie on the line, a probability of 80 % is right in 80 of 100 cases.", Calibration(evaluation.Calibration)),
            new("thresholds", "Thresholds", "What another threshold would cost", "The lower the threshold, the less is missed and the more is flagged wrongly.", Thresholds(evaluation)),
        ],
        Markup.Of($"<p>Made by safe-rlhf-v guard evaluate.</p>"));

    private static Markup Groups(string title, IReadOnlyList<GuardGroupFigures> groups) => ReportTable.Render(
        title, [title, "Examples", "Unsafe", "Not judged", "Accuracy", "F1", "False positives", "Missed", "AUC", "AUPRC"],
        groups.Select(group => (Markup[])
        [
            Markup.Of($"{Words.Category(group.Name)}"), Markup.Of($"{group.Rows}"), Markup.Of($"{group.Unsafe}"), Markup.Of($"{group.Failed}"),
            .. new[] { group.Accuracy, group.F1, group.FalsePositiveRate, group.MissRate, group.Auc, group.Auprc }.Select(Cell),
        ]), "figures");

    private static Markup Cell(Estimate estimate) => double.IsNaN(estimate.Value) ? Markup.Of($"{Words.Unknown}")
        : Markup.Of($"{Words.Percent(estimate.Value)} <small>[{Words.Number(100 * estimate.Low, 1)}, {Words.Number(100 * estimate.High, 1)}]</small>");

    private static Markup Named(GuardEvaluation evaluation) => evaluation.Categories.Count == 0 ? Markup.Empty : ReportTable.Render(
        "Named harms", ["Named harms", "Labelled", "Precision", "Recall", "F1", "AUC"],
        evaluation.Categories.Select(category => (Markup[])
        [
            Markup.Of($"{Words.Category(category.Name)}"), Markup.Of($"{category.Labelled}"),
            .. new[] { category.Precision, category.Recall, category.F1, category.Auc }.Select(share => Markup.Of($"{Words.Percent(share)}")),
        ]), "figures");

    private static Markup Severity(GuardEvaluation evaluation) => double.IsNaN(evaluation.SeverityAccuracy) ? Markup.Empty : Markup.Of($"""
        {ReportTable.Render("Labelled against called", ["Labelled", .. Enumerable.Range(0, 4).Select(called => $"called {Words.Severity(called)}")],
            Enumerable.Range(0, 4).Select(label => (Markup[])[Markup.Of($"{Words.Severity(label)}"), .. evaluation.SeverityCounts[label].Select(count => Markup.Of($"{count}"))]), "figures")}
        {ReportTable.Render("Missed by severity", ["Missed by severity", "Unsafe examples", "Missed"],
            evaluation.Severities.Select(group => (Markup[])[Markup.Of($"{group.Name}"), Markup.Of($"{group.Rows}"), Cell(group.MissRate)]), "figures")}
        """);

    private static Markup Calibration(Calibration calibration)
    {
        int[] filled = [.. Enumerable.Range(0, calibration.BinCounts.Count).Where(bin => calibration.BinCounts[bin] > 0)];
        return new ReportChart
        {
            Id = "guard-calibration",
            Title = "Stated probability and share that is unsafe",
            Summary = string.Join("; ", filled.Select(bin => $"stated {Words.Percent(calibration.BinMeanProbabilities[bin])}: {Words.Percent(calibration.BinPositiveRates[bin])} unsafe of {calibration.BinCounts[bin]}")),
            Height = 360,
            Traces =
            [
                new { type = "scatter", mode = "lines", x = new[] { 0, 1 }, y = new[] { 0, 1 }, line = new { color = "#888888", dash = "dot" }, name = "honest", hoverinfo = "skip" },
                new { type = "scatter", mode = "markers+lines", x = filled.Select(bin => calibration.BinMeanProbabilities[bin]), y = filled.Select(bin => calibration.BinPositiveRates[bin]), line = new { color = "#0e9467", width = 1.4 }, marker = new { size = filled.Select(bin => 6 + 3 * Math.Log10(calibration.BinCounts[bin])) }, name = "guard" },
            ],
            Layout = new { showlegend = false, xaxis = new { title = new { text = "Stated probability" }, range = new[] { 0, 1 } }, yaxis = new { title = new { text = "Share that is unsafe" }, range = new[] { 0, 1 } } },
            Table = [["Stated", "Unsafe", "Examples"], .. filled.Select(bin => (string[])[Words.Percent(calibration.BinMeanProbabilities[bin]), Words.Percent(calibration.BinPositiveRates[bin]), $"{calibration.BinCounts[bin]}"])],
            Note = $"Brier score {Words.Number(calibration.Brier, 4)}, largest gap {Words.Percent(calibration.MaximumError)}.",
        }.Render();
    }

    private static Markup Thresholds(GuardEvaluation evaluation)
    {
        GuardThresholdPoint[] shown = [.. evaluation.ThresholdCurve.Where((_, i) => i % 10 == 0)];
        return new ReportChart
        {
            Id = "guard-thresholds",
            Title = "Missed and flagged wrongly, by threshold",
            Summary = string.Join("; ", shown.Select(point => $"from {Words.Number(point.Threshold)}: {Words.Percent(point.MissRate)} missed, {Words.Percent(point.FalsePositiveRate)} flagged wrongly")),
            Height = 330,
            Traces =
            [
                new { type = "scatter", mode = "lines", name = "missed", x = evaluation.ThresholdCurve.Select(point => point.Threshold), y = evaluation.ThresholdCurve.Select(point => 100 * point.MissRate), line = new { color = "#d4600a", width = 2.4 } },
                new { type = "scatter", mode = "lines", name = "flagged wrongly", x = evaluation.ThresholdCurve.Select(point => point.Threshold), y = evaluation.ThresholdCurve.Select(point => 100 * point.FalsePositiveRate), line = new { color = "#0e9467", width = 2.4, dash = "dash" } },
            ],
            Layout = new { showlegend = true, hovermode = "x unified", xaxis = new { title = new { text = "Unsafe from this probability on" } }, yaxis = new { title = new { text = "%" }, rangemode = "tozero" } },
            Table = [["Threshold", "Missed", "Flagged wrongly"], .. shown.Select(point => (string[])[Words.Number(point.Threshold), Words.Percent(point.MissRate), Words.Percent(point.FalsePositiveRate)])],
        }.Render();
    }
}
