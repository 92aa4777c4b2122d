namespace SafeRlhfV.Evaluation;

/// <summary>A comparison's figures in words, for page and Markdown alike.</summary>
internal static class ComparisonText
{
    /// <summary>What an axis is called.</summary>
    public static string Name(JudgementAxis axis) => axis == JudgementAxis.Helpful ? "helpfulness" : "harm";

    /// <summary>What a figure is called, with the part of the items that it is over.</summary>
    public static string Name(FigureComparison figure) => figure.Part == "" ? figure.Name : $"{figure.Name}, {figure.Part}";

    /// <summary>A share with its interval: "63.0 % (51.2 to 72.0)".</summary>
    public static string Share(Estimate share) => double.IsNaN(share.Value) ? Words.Unknown
        : $"{Words.Percent(share.Value)}{Range(100 * share.Low, 100 * share.High, 1)}";

    /// <summary>A number with its interval.</summary>
    public static string Number(Estimate value, int digits = 2) => double.IsNaN(value.Value) ? Words.Unknown
        : $"{Words.Number(value.Value, digits)}{Range(value.Low, value.High, digits)}";

    /// <summary>A figure's value; shares are percentages.</summary>
    public static string Value(FigureComparison figure, Estimate value) => IsShare(figure) ? Share(value) : Number(value, 1);

    /// <summary>A figure's difference: points of a percentage, or the figure's own unit.</summary>
    public static string Difference(FigureComparison figure, PairedDifference difference)
    {
        (double scale, Estimate value) = (IsShare(figure) ? 100 : 1, difference.Value);
        return double.IsNaN(value.Value) ? Words.Unknown : $"{Words.Signed(scale * value.Value, 1)}{Range(scale * value.Low, scale * value.High, 1)}";
    }

    /// <summary>Whether the interval of a difference leaves out 0.</summary>
    public static bool IsClear(PairedDifference difference) => difference.Value.Low > 0 || difference.Value.High < 0;

    /// <summary>Wins, ties and losses.</summary>
    public static string Counts(WinRate rate) => $"{rate.Wins} won, {rate.Ties} tied, {rate.Losses} lost"
        + $"{(rate.Failures > 0 ? $", {rate.Failures} without verdict" : "")}";

    /// <summary>The figures of a scorer that are shown: those over all items, or all where there are none such.</summary>
    public static IEnumerable<FigureComparison> Shown(ScorerComparison scorer) =>
        scorer.Figures.Any(figure => figure.IsOverall) ? scorer.Figures.Where(figure => figure.IsOverall) : scorer.Figures;

    /// <summary>What of a benchmark is compared, and what is not.</summary>
    public static string Scope(BenchmarkComparison benchmark)
    {
        string[] left = [.. benchmark.Models.Zip(benchmark.LeftOut).Where(pair => pair.Second > 0).Select(pair => $"{pair.Second} of {pair.First}")];
        return $"{benchmark.Items} common items; {(left.Length == 0 ? "none left out" : $"left out, as not all have them: {string.Join(", ", left)}")}."
            + string.Concat(benchmark.Notes.Select(note => $" {note}."));
    }

    // a figure of which every value lies in 0..1, such as a rate; sums, ratios to a reference and means of marks do not
    private static bool IsShare(FigureComparison figure) => figure.Name is not ("sum" or "relative" or "model_mean")
        && figure.Values.All(value => value.Value.Value is not (< 0 or > 1));

    private static string Range(double low, double high, int digits) =>
        double.IsNaN(low) || double.IsNaN(high) ? "" : $" ({Words.Number(low, digits)} to {Words.Number(high, digits)})";
}
