using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>data validate</c>: everything that is wrong with a data set; <c>--fix</c> writes a clean copy.</summary>
internal static class DataValidateVerb
{
    private const int MostShown = 100;

    public static Command Create()
    {
        Argument<string> path = DataArguments.Path();
        Option<int> threshold = DataArguments.Threshold();
        Option<string?> fix = new("--fix") { Description = "Write a clean copy to this folder, with a report.json of what was left out or mended." };
        Option<string?> family = new Option<string?>("--family")
        {
            Description = "The model family to be trained, by its model_type: images that it does not take are errors. Where left out, what any family "
                + "refuses is a warning."
        }.Completes(ModelFamilies.All.SelectMany(one => one.ModelTypes));
        Option<string[]> trainers = new Option<string[]>("--for")
        {
            Description = $"Check only what this trainer needs, and demand it: {string.Join(", ", TrainerNeeds.Trainers)}. May be given several times."
        }.Completes(TrainerNeeds.Trainers);
        Option<string[]> categories = DataArguments.Categories();
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("validate",
            "Find what is wrong with a data set; exit code 1 where there are errors. Example: safe-rlhf-v data validate data/beavertails-v --fix data/clean")
        {
            path, trainers, threshold, family, categories, fix, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            DataArguments.CheckThreshold(parsed.GetValue(threshold));
            string? folder = parsed.GetValue(fix);
            if (folder is not null) AtomicFolder.Check(folder, parsed.GetValue(overwrite), parsed.GetRequiredValue(path));
            ImageLimit limit = Limit(parsed.GetValue(family));
            TrainerNeeds needs = TrainerNeeds.Of(parsed.GetValue(trainers) ?? []);
            IReadOnlyDictionary<string, string> own = LabelWords.CheckCategories(DataArguments.Mapping(categories.Name, parsed.GetValue(categories)));
            ProgressView progress = new("validate");
            ValidationReport report = DatasetValidator.Check(
                parsed.GetRequiredValue(path), parsed.GetValue(threshold), needs, limit, own, DataArguments.Progress(progress), cancellationToken);
            progress.Done($"{DataArguments.Count(report.Rows, "row")} in {DataArguments.Count(report.Files, "file")}");
            MendReport? mended = folder is null ? null
                : DatasetMender.Write(
                    report.Path, folder, parsed.GetValue(overwrite), needs, own, DataArguments.Progress(new ProgressView("fix"), report.Rows),
                    cancellationToken);
            string? advice = report.Errors > 0 ? ForeignData.Advice(report.Path) : null;
            if (parsed.GetValue(json))
                Output.Json(new
                {
                    report.Path,
                    report.Files,
                    report.Rows,
                    report.Errors,
                    report.Warnings,
                    Findings = report.Findings.Select(finding =>
                        new { finding.Code, finding.Severity, finding.File, finding.Split, finding.Row, finding.Columns, finding.What, finding.Related }),
                    Advice = advice,
                    Fix = mended is null ? null : new
                    {
                        Folder = Path.GetFullPath(folder!),
                        mended.Kept,
                        Dropped = mended.Rows - mended.Kept,
                        Mended = mended.Mended.Count
                    },
                });
            else Print(report, advice, mended, folder);
            return Task.FromResult(report.Errors > 0 ? CliHost.CheckFailed : 0);
        });
        return command;
    }

    private static ImageLimit Limit(string? family)
    {
        if (family is not null && ModelFamilies.Find(family) is null)
            throw new InvalidInputException($"--family {family}: not known; give one of "
                + $"{string.Join(", ", ModelFamilies.All.SelectMany(one => one.ModelTypes))}.");
        ModelFamily[] families = [.. ModelFamilies.All.Where(one => family is null || one.ModelTypes.Contains(family))];
        return new(
            (width, height) => families.Select(one => (Why: one.ImageRefusal(width, height), one.ModelTypes)).Where(one => one.Why is not null)
                .GroupBy(one => one.Why)
                .Select(group => $"{string.Join(", ", group.SelectMany(one => one.ModelTypes))}: {group.Key}").FirstOrDefault(),
            family is null ? FindingSeverity.Warning : FindingSeverity.Error);
    }

    private static void Print(ValidationReport report, string? advice, MendReport? mended, string? folder)
    {
        // the columns are another tool's: all findings follow from that
        int shown = advice is null ? MostShown : 0;
        if (advice is not null) Output.Line($"{advice}.");
        foreach (Finding finding in report.Findings.OrderBy(finding => finding.Severity).Take(shown))
            Output.Line($"{finding.Severity.ToString().ToLowerInvariant()} {finding.Code}: {finding}");
        if (report.Findings.Count > shown) Output.Line($"... and {report.Findings.Count - shown} more (--json lists all)");
        Output.Line($"{report.Path}: {DataArguments.Count(report.Rows, "row")} in {DataArguments.Count(report.Files, "file")}, "
            + $"{DataArguments.Count(report.Errors, "error")}, {DataArguments.Count(report.Warnings, "warning")}");
        if (mended is not null)
            Output.Line($"{folder}: {mended.Kept} of {DataArguments.Count(mended.Rows, "row")} kept, "
                + $"{DataArguments.Count(mended.Mended.Count, "cell")} mended; see report.json");
    }
}
