namespace SafeRlhfV.Evaluation;

/// <summary>Training runs as one page that opens offline: a chart a figure, all variants in it, and where each variant ended.</summary>
public static class CurvesPage
{
    private const int MostPoints = 1000;
    private static readonly string[] Colours = ["#0e9467", "#d4600a", "#2f7fd6", "#8666d1", "#b08600", "#b0477f", "#5f7f2e", "#a0522d"], Dashes = ["solid", "dot", "dash", "dashdot", "longdash", "longdashdot"];

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">The page's title.</param>
    /// <param name="lead">What was run, in a sentence.</param>
    /// <param name="runs">The runs; those of one variant are drawn as their mean, with each of them faintly.</param>
    /// <param name="figures">Metrics to draw, in order; those that no run has are left out.</param>
    /// <param name="remarks">Alarms and the like, each a line.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, string title, string lead, IReadOnlyList<CurveRun> runs, IReadOnlyList<MetricInfo> figures, IReadOnlyList<string> remarks)
    {
        CurveRun[] filled = [.. runs.Where(run => run.Steps.Count > 0)];
        MetricInfo[] drawn = [.. figures.Where(figure => filled.Any(run => run.Steps.Any(step => step.Figures.ContainsKey(figure.Name))))];
        IGrouping<string, CurveRun>[] variants = [.. filled.GroupBy(run => run.Variant)];
        ReportPage.Write(path, title, Markup.Of($"<header><h1>{title}</h1><p>{lead}</p></header>"),
            [
                new("ends", "Where it ended", "Where it ended", "Mean over the last tenth of the steps; with several seeds, mean and standard deviation over them.", Ends(variants, drawn)),
                new("curves", "Curves", "How it went", "Thick lines are means over seeds, thin ones single runs.",
                    Markup.Of($"<p class=\"legend\">{variants.Select((variant, i) => Markup.Of($"<span><i style=\"background:{Colour(i)}\"></i>{variant.Key}</span>"))}</p><div class=\"grid two\">{drawn.Select(figure => Chart(variants, figure))}</div>")),
                .. remarks.Count == 0 ? (ReportSection[])[] : [new("remarks", "Remarks", "What the runs' alarms said", "An alarm is a sign to look at, with what to try; it does not stop a run.", Markup.Of($"<ul>{remarks.Select(remark => Markup.Of($"<li>{remark}</li>"))}</ul>"))],
            ],
            Markup.Of($"<p>Made by safe-rlhf-v.</p>"));
    }

    private static Markup Ends(IGrouping<string, CurveRun>[] variants, MetricInfo[] figures) => variants.Length == 0 ? Markup.Of($"<p>No run has finished a step.</p>") : ReportTable.Render(
        "Figures at the end", ["Variant", "Runs", "Steps", .. figures.Select(figure => figure.Label)],
        variants.Select(variant => (Markup[])
        [
            Markup.Of($"{variant.Key}"), Markup.Of($"{variant.Count()}"), Markup.Of($"{variant.Max(run => run.Steps[^1].Step)}"),
            .. figures.Select(figure => Cell([.. variant.Select(run => run.End(figure.Name))])),
        ]), "figures");

    private static Markup Cell(double[] values)
    {
        double[] known = [.. values.Where(double.IsFinite)];
        if (known.Length == 0) return Markup.Of($"{Words.Unknown}");
        double mean = known.Average();
        return known.Length == 1 ? Markup.Of($"{Words.Number(mean, 3)}") : Markup.Of($"{Words.Number(mean, 3)} <small>± {Words.Number(Deviation(known), 3)}</small>");
    }

    private static Markup Chart(IGrouping<string, CurveRun>[] variants, MetricInfo figure) => new ReportChart
    {
        Id = $"curve-{figure.Name.Replace('_', '-')}",
        Title = figure.Label + figure.Better switch { Better.Lower => " (lower is better)", Better.Higher => " (higher is better)", _ => "" },
        Summary = string.Join("; ", variants.Select(variant => $"{variant.Key} ends at {Words.Number(MeanEnd(variant, figure.Name), 3)}")),
        Height = 260,
        Traces = [.. variants.SelectMany((variant, i) => Traces(variant, i, figure.Name))],
        Layout = new
        {
            showlegend = false,
            hovermode = "x unified",
            xaxis = new { title = new { text = "Step" } },
            yaxis = new { title = new { text = figure.Unit.Length > 0 ? figure.Unit : figure.Label } },
        },
        Table =
        [
            ["Variant", "Seed", "First", "Last"],
            .. variants.SelectMany(variant => variant.Select(run => (string[])[variant.Key, $"{run.Seed}", First(run, figure.Name), Words.Number(run.End(figure.Name), 4)])),
        ],
    }.Render();

    private static double MeanEnd(IEnumerable<CurveRun> runs, string figure) => runs.Select(run => run.End(figure)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    private static IEnumerable<object> Traces(IGrouping<string, CurveRun> variant, int index, string figure)
    {
        CurveRun[] runs = [.. variant];
        if (runs.Length > 1)
            foreach (CurveRun run in runs)
                yield return Trace($"{variant.Key}, seed {run.Seed}", index, thin: true, [.. run.Steps.Select(step => (step.Step, step.Figures.GetValueOrDefault(figure, double.NaN)))]);
        yield return Trace(variant.Key, index, thin: false, Mean(runs, figure));
    }

    /// <summary>The mean at every step that all runs of the variant have reached.</summary>
    private static (long Step, double Value)[] Mean(CurveRun[] runs, string figure)
    {
        long common = runs.Min(run => run.Steps[^1].Step);
        return [.. runs.SelectMany(run => run.Steps).Where(step => step.Step <= common).GroupBy(step => step.Step).OrderBy(group => group.Key).Select(group => (group.Key, group.Average(step => step.Figures.GetValueOrDefault(figure, double.NaN))))];
    }

    private static object Trace(string name, int index, bool thin, (long Step, double Value)[] points)
    {
        // beyond what a screen can show, every n-th point is enough
        int every = Math.Max(1, points.Length / MostPoints);
        (long Step, double Value)[] shown = [.. points.Where((_, i) => i % every == 0 || i == points.Length - 1)];
        return new
        {
            type = "scatter",
            mode = "lines",
            name,
            x = shown.Select(point => point.Step),
            y = shown.Select(point => point.Value),
            opacity = thin ? 0.35 : 1,
            line = new { color = Colour(index), width = thin ? 1 : 2.4, dash = Dashes[index % Dashes.Length] },
            hovertemplate = "%{y:.4g}",
        };
    }

    private static string Colour(int index) => Colours[index % Colours.Length];

    private static string First(CurveRun run, string figure) => Words.Number(run.Steps[0].Figures.GetValueOrDefault(figure, double.NaN), 4);

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }
}
