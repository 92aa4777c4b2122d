namespace SafeRlhfV.Evaluation;

/// <summary>Training runs as one page that opens offline: a chart a figure, all variants in it, and where each variant ended.</summary>
public static class CurvesPage
{
    private const int MostPoints = 1000;
    private static readonly int[] Colours = [5, 1, 2, 4, 3, 8, 7, 6];

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">The page's title.</param>
    /// <param name="lead">What was run, in a sentence.</param>
    /// <param name="runs">The runs; those of one variant are drawn as their mean, with each of them faintly.</param>
    /// <param name="figures">Metrics to draw, in order; those that no run has are left out.</param>
    /// <param name="remarks">Alarms and the like, each a line.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(
        string path, string title, string lead, IReadOnlyList<CurveRun> runs, IReadOnlyList<MetricInfo> figures, IReadOnlyList<string> remarks)
    {
        CurveRun[] filled = [.. runs.Where(run => run.Steps.Count > 0)];
        MetricInfo[] drawn = [.. figures.Where(figure => filled.Any(run => run.Steps.Any(step => step.Figures.ContainsKey(figure.Name))))];
        IGrouping<string, CurveRun>[] variants = [.. filled.GroupBy(run => run.Variant)];
        HtmlPage.Of(
            title, HtmlPage.Header(title, lead),
            [
                new(
                    "ends", "Where it ended", "Where it ended",
                    "Mean over the last tenth of the steps; with several seeds, mean and standard deviation over them.", Ends(variants, drawn)),
                new(
                    "curves", "Curves", "How it went", "Thick lines are means over seeds, thin ones single runs.",
                    Markup.Of($"<p>{variants.Select(Name)}</p><div class=\"grid two\">{drawn.Select(figure => Chart(variants, figure))}</div>")),
                new(
                    "remarks", "Remarks", "What the runs' alarms said", "An alarm is a sign to look at, with what to try; it does not stop a run.",
                    remarks.Count == 0 ? Markup.Empty : Markup.Of($"<ul>{remarks.Select(remark => Markup.Of($"<li>{remark}</li>"))}</ul>")),
            ],
            Markup.Of($"<p>Made by safe-rlhf-v.</p>")).Write(path);
    }

    private static Markup Name(IGrouping<string, CurveRun> variant, int index) =>
        Markup.Of($"<i class=\"swatch s{Colour(index)}\" aria-hidden=\"true\"></i>{variant.Key} &emsp; ");

    private static Markup Ends(IGrouping<string, CurveRun>[] variants, MetricInfo[] figures) => variants.Length == 0
        ? Markup.Of($"<p>No run has finished a step.</p>")
        : PageTable.Render(
            "Figures at the end", ["Variant", "Runs", "Steps", .. figures.Select(figure => figure.Label)],
            variants.Select(variant => (Markup[])
            [
                Markup.Of($"{variant.Key}"), Markup.Of($"{variant.Count()}"), Markup.Of($"{variant.Max(run => run.Steps[^1].Step)}"),
                .. figures.Select(figure => Cell([.. variant.Select(run => run.End(figure.Name))])),
            ]));

    private static Markup Cell(double[] values)
    {
        double[] known = [.. values.Where(double.IsFinite)];
        if (known.Length == 0) return Markup.Of($"{Words.Unknown}");
        double mean = known.Average();
        return known.Length == 1 ? Markup.Of($"{Words.Number(mean, 3)}")
            : Markup.Of($"{Words.Number(mean, 3)} <small>± {Words.Number(Deviation(known), 3)}</small>");
    }

    private static Markup Chart(IGrouping<string, CurveRun>[] variants, MetricInfo figure) => new Chart
    {
        Id = $"curve-{figure.Name.Replace('_', '-')}",
        Title = figure.Label + figure.Better switch { Better.Lower => " (lower is better)", Better.Higher => " (higher is better)", _ => "" },
        Summary = string.Join("; ", variants.Select(variant => $"{variant.Key} ends at {Words.Number(MeanEnd(variant, figure.Name), 3)}")),
        Height = 260,
        Columns = true,
        Across = new("Step"),
        Up = new(figure.Unit.Length > 0 ? figure.Unit : figure.Label),
        Series = [.. variants.SelectMany((variant, i) => Series(variant, i, figure.Name))],
        Table =
        [
            ["Variant", "Seed", "First", "Last"],
            .. variants.SelectMany(variant => variant.Select(run =>
                (string[])[variant.Key, $"{run.Seed}", First(run, figure.Name), Words.Number(run.End(figure.Name), 4)])),
        ],
    }.Render();

    private static double MeanEnd(IEnumerable<CurveRun> runs, string figure) =>
        runs.Select(run => run.End(figure)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    private static IEnumerable<ChartSeries> Series(IGrouping<string, CurveRun> variant, int index, string figure)
    {
        CurveRun[] runs = [.. variant];
        if (runs.Length > 1)
            foreach (CurveRun run in runs)
                yield return Line(
                    $"{variant.Key}, seed {run.Seed}", index, [.. run.Steps.Select(step => (step.Step, step.Figures.GetValueOrDefault(figure, double.NaN)))])
                    with
                { Line = 1, Faint = true };
        yield return Line(variant.Key, index, Mean(runs, figure));
    }

    /// <summary>The mean at every step that all runs of the variant have reached.</summary>
    private static (long Step, double Value)[] Mean(CurveRun[] runs, string figure)
    {
        long common = runs.Min(run => run.Steps[^1].Step);
        return
        [
            .. runs.SelectMany(run => run.Steps).Where(step => step.Step <= common).GroupBy(step => step.Step).OrderBy(group => group.Key)
                .Select(group => (group.Key, group.Average(step => step.Figures.GetValueOrDefault(figure, double.NaN)))),
        ];
    }

    private static ChartSeries Line(string name, int index, (long Step, double Value)[] points)
    {
        // beyond what a screen can show, every n-th point is enough
        int every = Math.Max(1, points.Length / MostPoints);
        IEnumerable<(long Step, double Value)> shown = points.Where((_, i) => i % every == 0 || i == points.Length - 1);
        return new(name, Colour(index), [.. shown.Select(point => new ChartPoint(point.Step, point.Value))])
        {
            Line = 2.4,
            Dash = ChartSeries.Dashes[index % ChartSeries.Dashes.Count],
        };
    }

    private static int Colour(int index) => Colours[index % Colours.Length];

    private static string First(CurveRun run, string figure) => Words.Number(run.Steps[0].Figures.GetValueOrDefault(figure, double.NaN), 4);

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }
}
