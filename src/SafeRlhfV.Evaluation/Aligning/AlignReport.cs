using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>The page at the end of <c>align</c>: one file that opens offline, on screen or paper, in light and dark.</summary>
public static class AlignReport
{
    private static readonly string[] HeadColumns = ["", "start", "aligned", "difference"], JudgeColumns = ["held-out judge", "pairs", "pair accuracy"],
        GateColumns = ["gate", "found", "level", "passed"];

    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="results">What is shown.</param>
    /// <param name="images">The gallery's images, by SHA-256.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, AlignResults results, IReadOnlyDictionary<string, string> images) => HtmlPage.Of(
        $"{results.Model} aligned with {results.Data}",
        HtmlPage.Header($"{results.Model}, aligned by {results.Method}", $"Start and aligned model on the questions of {results.Data} that were held out. "
            + "Brackets are 95 % intervals over questions."),
        [
            new("heads", "Held-out heads", "What held-out score models say", "RM-V and CM-V of other data and another seed than those that the policy "
                + "followed. They share its base model and its labellers, and may share its blind spots.", Markup.Of($"""
                {Table("Figures by held-out heads", HeadColumns, Heads(results.Heads))}
                {Table("The heads on held-out pairs", JudgeColumns, Judges(results.Judges))}
                """)),
            .. ComparisonPage.Sections(results.Compared),
            ComparisonPage.Gallery(results.Compared, images),
            new("gates", "Gates", "Gates", "What had to hold before the next stages. Below a gate the run "
                + "stops, or with --gates warn goes on.", Table("Gates", GateColumns, Gates(results))),
        ],
        Markup.Of($"<p>All figures are in results.json, the model card is README.md. Recipe and curves of each stage are in its own folder.</p>"),
        HtmlPage.Asset("gallery.css")).Write(path);

    /// <summary>Heads and gates as Markdown tables.</summary>
    /// <param name="results">What is shown.</param>
    /// <param name="heading">The headings' level, such as "##".</param>
    public static string Tables(AlignResults results, string heading) => new StringBuilder(HeadTables(results.Heads, results.Judges, heading))
        .Append($"{heading} Gates\n\n").Append(MarkdownTable.Write(GateColumns, Gates(results))).ToString();

    /// <summary>Held-out heads as Markdown tables.</summary>
    /// <param name="heads">What they say of the answers.</param>
    /// <param name="judges">The heads themselves.</param>
    /// <param name="heading">The heading's level.</param>
    public static string HeadTables(IReadOnlyList<HeadFigure> heads, IReadOnlyList<ScoreModelResult> judges, string heading) =>
        $"{heading} Held-out heads\n\n{MarkdownTable.Write(HeadColumns, Heads(heads))}{MarkdownTable.Write(JudgeColumns, Judges(judges))}";

    private static IEnumerable<IReadOnlyList<string>> Heads(IReadOnlyList<HeadFigure> heads) => heads.Select(figure => (IReadOnlyList<string>)
    [
        $"{figure.Name} ({(figure.HigherIsBetter ? "higher" : "lower")} is better)", ComparisonText.Number(figure.Start), ComparisonText.Number(figure.Aligned),
        $"{ComparisonText.Number(figure.Difference.Value)}, {figure.Difference.Method}",
    ]);

    private static IEnumerable<IReadOnlyList<string>> Judges(IReadOnlyList<ScoreModelResult> judges) => judges.Select(judge => (IReadOnlyList<string>)
        [judge.Name, $"{judge.Pairs}", ComparisonText.Share(judge.Noisy.PairAccuracy)]);

    private static IEnumerable<IReadOnlyList<string>> Gates(AlignResults results) => results.Gates.Select(gate => (IReadOnlyList<string>)
    [
        gate.Name, gate.Found ?? Words.Number(gate.Value, 3),
        gate.Found is null ? $"{(gate.IsLeast ? "at least" : "at most")} {Words.Number(gate.Limit, 3)}" : "",
        gate.Passed ? "yes" : "no",
    ]);

    private static Markup Table(string caption, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows) =>
        PageTable.Render(caption, header, rows.Select(row => row.Select(cell => Markup.Of($"{cell}")).ToArray()));
}
