using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>parity</c>: runs the reference cases that lie in a checkpoint or adapter folder.</summary>
internal static class ParityVerb
{
    public static Command Create()
    {
        Argument<string> folder = new("dir") { Description = "A checkpoint or adapter folder with reference cases in cases/." };
        Option<string?> dump = new("--dump")
        {
            Description = "Write what was computed here to this folder, one safetensors file a case, under the case's tensor names."
        };
        Option<bool> json = Output.JsonOption();
        Command command = new("parity",
            "Compare a model with the numbers that transformers gave. Ends with 1 if one is over its tolerance. Example: safe-rlhf-v parity "
                + "tests/golden/models/qwen3-vl-tiny") { folder, dump, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            ProgressView progress = new("parity");
            int total = 0, done = 0;
            ParityReport report = ParityRunner.Run(parsed.GetRequiredValue(folder), parsed.GetValue(dump),
                result => progress.Report(++done, total, result.Case), cancellationToken, count => total = count, trainer: ParityTrainer.Train,
                images: ParityImageReader.Read);
            int over = report.Cases.Count(result => result.Skipped is null && !result.Passed),
                skipped = report.Cases.Count(result => result.Skipped is not null);
            string words = $"{DataArguments.Count(report.Cases.Count - over - skipped, "case")} within tolerance, {over} over, {skipped} skipped";
            progress.Done(words);
            if (parsed.GetValue(json)) Output.Json(new
            {
                report.Folder,
                report.Passed,
                Within = report.Cases.Count - over - skipped,
                Over = over,
                Skipped = skipped,
                report.Cases
            });
            else Print(report, words);
            return Task.FromResult(report.Passed ? 0 : CliHost.CheckFailed);
        });
        return command;
    }

    private static void Print(ParityReport report, string words)
    {
        int width = report.Cases.Max(result => result.Case.Length);
        foreach (ParityCaseResult result in report.Cases.Where(result => result.Skipped is null))
        {
            string figures = result.Worst is { } worst ? $"{Figure(worst.Difference),9} of {Figure(worst.Tolerance),-7} {worst.Name}" : "nothing was compared";
            Output.Line($"{(result.Passed ? "ok  " : "OVER")}  {result.Case.PadRight(width)}  {figures}");
        }
        foreach (IGrouping<string, ParityCaseResult> reason in report.Cases.Where(result => result.Skipped is not null).GroupBy(result => result.Skipped!))
            Output.Line($"skipped: {reason.Count()} cases: {reason.Key}");
        Output.Line($"{report.Folder}: {words}");
    }

    private static string Figure(double value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
