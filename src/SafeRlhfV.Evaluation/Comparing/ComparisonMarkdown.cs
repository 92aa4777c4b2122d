using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>A comparison as Markdown tables.</summary>
public static class ComparisonMarkdown
{
    /// <summary>The whole text.</summary>
    public static string Write(Comparison comparison)
    {
        StringBuilder text = new("# Models compared\n\n");
        foreach (ComparedModel model in comparison.Models) text.Append($"- **{model.Name}**{(model.Model == "" ? "" : $": {model.Model}")}\n");
        text.Append($"\nDifferences are to {comparison.Models[0].Name}. Brackets are 95 % intervals over items.\n\n");
        text.Append(Tables(comparison, "##"));
        foreach (string note in comparison.Notes) text.Append($"- {note}\n");
        return text.ToString();
    }

    /// <summary>The tables, each under a heading.</summary>
    /// <param name="comparison">The comparison.</param>
    /// <param name="heading">The headings' level, such as "##".</param>
    public static string Tables(Comparison comparison, string heading)
    {
        StringBuilder text = new();
        foreach (ComparedPlane plane in comparison.Planes)
            text.Append($"{heading} Helpfulness and harm: {plane.Title}\n\n").Append(MarkdownTable.Write(
                ["model", plane.Helpful, plane.Harmless, "Pareto front"], plane.Points.Select(point => (IReadOnlyList<string>)
                    [point.Model, ComparisonText.Share(point.Helpful), ComparisonText.Share(point.Harmless), point.IsOnFront ? "yes" : ""])))
                .Append($"{plane.Formula}.\n\n");
        foreach (WinMatrix matrix in comparison.Wins)
            text.Append($"{heading} Win rates: {ComparisonText.Name(matrix.Axis)}\n\nThe row's model over the column's; {matrix.Source}.\n\n").Append(
                MarkdownTable.Write(["", .. matrix.Models], matrix.Models.Select(row => (IReadOnlyList<string>)
                [
                    row, .. matrix.Models.Select(column => matrix.Over(row, column) is { } rate
                        ? $"{ComparisonText.Share(rate.Rate)}, {ComparisonText.Counts(rate)}" : ""),
                ])));
        foreach (BenchmarkComparison benchmark in comparison.Benchmarks)
        {
            text.Append($"{heading} {benchmark.Benchmark}\n\n{ComparisonText.Scope(benchmark)}\n\n");
            foreach (ScorerComparison scorer in benchmark.Scorers)
                text.Append(MarkdownTable.Write([scorer.Scorer, .. benchmark.Models],
                    [.. ComparisonText.Shown(scorer).Select(figure => (IReadOnlyList<string>)
                        [ComparisonText.Name(figure), .. figure.Values.Select(value => Value(figure, value))]),
                    ["changed", .. scorer.Changed.Select((changed, m) => m == 0 ? "" : $"{changed}")],
                    ["unreadable", .. scorer.Unreadable.Select(unreadable => $"{unreadable}")]]));
        }
        foreach ((string title, IReadOnlyList<ComparedAgreement> all) in ((string, IReadOnlyList<ComparedAgreement>)[])
            [("Agreement of scorers", comparison.Agreement), ("Agreement with people", comparison.People)])
            if (all.Count > 0)
                text.Append($"{heading} {title}\n\n").Append(MarkdownTable.Write(["where", "about", "raters", "kappa", "equal", "items", "labels"],
                    all.Select(one => (IReadOnlyList<string>)[one.Where, one.About, $"{one.First}, {one.Second}", ComparisonText.Number(one.Kappa),
                        Words.Percent(one.Equal), $"{one.Items}", $"{one.Labels}"])));
        return text.ToString();
    }

    private static string Value(FigureComparison figure, ComparedValue value)
    {
        string shown = ComparisonText.Value(figure, value.Value);
        if (value.IsBest) shown = $"**{shown}**";
        return value.Difference is { } difference ? $"{shown}; {ComparisonText.Difference(figure, difference)}" : shown;
    }
}
