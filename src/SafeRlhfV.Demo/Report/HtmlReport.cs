using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>The demo's report: one file without a script that opens offline, on screen or paper, in light and dark.</summary>
public static class HtmlReport
{
    /// <summary>Writes the report of a run; what the run did not measure is left out.</summary>
    /// <param name="results">What the run found.</param>
    /// <param name="path">The file, never half-written.</param>
    /// <exception cref="InvalidInputException">The folder cannot be written to.</exception>
    public static void Write(DemoResults results, string path)
    {
        HtmlPage.Of(
            $"Safe RLHF-V report, seed {results.Run.Seed}",
            HeadlineSection.Build(results),
            [
                MethodsSection.Build(results),
                GallerySection.Build(results),
                TrainingSection.Build(results),
                ScoreModelsSection.Build(results),
                ImageSection.Build(results),
                GuardSection.Build(results),
                ThresholdsSection.Build(results),
                PaperSection.Build(results),
                RunSection.Build(results),
            ],
            Markup.Of($"""
                <p>Method: Safe RLHF-V (arXiv 2503.17682), implemented for .NET. Every image here is a drawing of the built-in world. Its exact rater
                labelled the preference pairs, with noise, and judged the held-out answers; no training step asked it anything else. The figures are about
                this implementation in that world and say nothing about a real 7B model.</p>
                """),
            HtmlPage.Asset("gallery.css") + HtmlPage.Asset("report.css", typeof(HtmlReport))).Write(path);
    }
}
