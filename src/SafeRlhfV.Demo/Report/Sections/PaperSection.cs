using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>This run beside the paper's figures, with the warning that they are not of one kind.</summary>
internal static class PaperSection
{
    public static PageSection Build(DemoResults results) => new(
        "paper", "Paper", "Beside the paper’s figures",
        "This run: the built-in world, not the paper’s benchmark. The paper: LLaVA-1.5-7B on BeaverTails-V, judged by large models. "
        + "The world was made with room for gains of this size, so agreement shows that the method works here, not that the paper’s result is reproduced.",
        results.PaperFigures.Count == 0 ? Markup.Empty : PageTable.Render(
            "This run beside the paper", ["Figure", "Paper (7B, BeaverTails-V)", "This run (built-in world)", "In the paper"],
            results.PaperFigures.Select(figure => (Markup[])
            [
                Markup.Of($"{figure.Name}"), Markup.Of($"{FigureText.Of(figure.Paper, figure.Unit)}"),
                Markup.Of($"<b>{FigureText.Of(figure.Reached, figure.Unit)}</b>"), Markup.Of($"{figure.Source}"),
            ])));
}
