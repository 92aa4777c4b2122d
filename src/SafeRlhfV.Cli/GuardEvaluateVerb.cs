using System.CommandLine;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>guard evaluate</c>: a guard's verdicts against labels.</summary>
internal static class GuardEvaluateVerb
{
    public static Command Create()
    {
        GuardChoice choice = new();
        Argument<string> data = GuardData.Examples();
        Option<string?> split = ModelArguments.Split(), html = new("--html") { Description = "Write a page with tables and charts to this file." };
        Option<string[]> categories = DataArguments.Categories();
        Option<int?> limit = new("--limit") { Description = "At most this many examples." };
        Option<bool> json = Output.JsonOption();
        Command command = new("evaluate",
            "Measure a guard on labelled examples. Example: safe-rlhf-v guard evaluate data/flat --guard runs/guard --html guard.html") { data, split, limit,
                categories, html, json };
        foreach (Option option in choice.All) command.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using GuardChoice owned = choice;
            string path = parsed.GetRequiredValue(data);
            IReadOnlyList<GuardExample> examples = GuardData.Read(path, parsed.GetValue(split), parsed.GetValue(limit), parsed.GetValue(categories));
            IModerator moderator = choice.Open(parsed);
            using IDisposable? disposed = moderator as IDisposable;
            IModerator whole = moderator.FailClosed(Timeout.InfiniteTimeSpan); // one bad image is a row that was not judged, not the end
            IReadOnlyList<Verdict> verdicts = await GuardData.InParts([.. examples.Select(example => example.Request)], "guard evaluate",
                part => whole.ModerateAsync(part, cancellationToken));
            choice.MustHaveJudged([.. verdicts]);
            foreach ((GuardExample example, Verdict verdict) in examples.Zip(verdicts).Where(pair => pair.Second.Failure is not null).Take(5))
                Output.Note($"{example.Place}: not judged ({verdict.Failure})");
            GuardEvaluation evaluation = GuardEvaluation.Measure(examples, verdicts);
            if (parsed.GetValue(html) is { } page) GuardPage.Write(page, moderator.Name, path, evaluation);
            if (parsed.GetValue(json)) Output.Json(new { Guard = moderator.Name, Data = path, Figures = evaluation });
            else Print(evaluation, parsed.GetValue(html));
            return 0;
        });
        return command;
    }

    private static void Print(GuardEvaluation evaluation, string? page)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("", "examples", "unsafe", "accuracy", "F1", "false positives", "missed", "AUC",
            "AUPRC");
        foreach (GuardGroupFigures group in (GuardGroupFigures[])[evaluation.Overall, .. evaluation.Sides, .. evaluation.Topics, .. evaluation.Severities])
            table.AddRow(Markup.Escape(group.Name), $"{group.Rows}", $"{group.Unsafe}", Show(group.Accuracy), Show(group.F1), Show(group.FalsePositiveRate),
                Show(group.MissRate), Show(group.Auc), Show(group.Auprc));
        Output.People.Write(table);
        Output.Line($"categories: F1 {evaluation.CategoryF1:0.000} (micro), {evaluation.CategoryMacroF1:0.000} (macro); severity right "
            + $"{(double.IsNaN(evaluation.SeverityAccuracy) ? "–" : $"{evaluation.SeverityAccuracy:0.0%}")}; calibration error "
                + $"{evaluation.Calibration.ExpectedError:0.0%}");
        if (evaluation.Overall.Failed > 0)
            Output.Line($"{DataArguments.Count(evaluation.Overall.Failed, "example")} could not be judged; they count as flagged.");
        if (page is not null) Output.Line(page);
    }

    private static string Show(Estimate estimate) => double.IsNaN(estimate.Value)
        ? "–"
        : double.IsNaN(estimate.Low) ? $"{100 * estimate.Value:0.0}"
        : $"{100 * estimate.Value:0.0} ({100 * estimate.Low:0.0}–{100 * estimate.High:0.0})";
}
