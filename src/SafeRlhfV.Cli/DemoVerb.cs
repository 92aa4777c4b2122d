using System.CommandLine;
using SafeRlhfV.Data;
using SafeRlhfV.Demo;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Objectives;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>demo</c>: the whole of Safe RLHF-V in the built-in world, and its report.</summary>
internal static class DemoVerb
{
    public static Command Create()
    {
        Option<string> folder = new("--out") { Description = "The output folder; an unfinished run in it goes on.", DefaultValueFactory = _ => "runs/demo" };
        Option<long> seed = new("--seed") { Description = "The seed of the world and of every stage.", DefaultValueFactory = _ => 0 };
        Option<bool> quick = new("--quick") { Description = "The same path in small: under a minute, proves nothing." };
        Option<string> mode = new Option<string>("--multiplier") { Description = "How lambda follows the cost.", DefaultValueFactory = _ => "log" }.AcceptOnlyFromAmong("log", "projected", "pid", "fixed");
        Option<string?> stage = new("--stage") { Description = $"Stop after this stage: {string.Join(", ", DemoRunner.StageNames)}." };
        Option<bool> fresh = new("--fresh") { Description = "Throw away an earlier run in the folder." };
        Option<int> threads = new("--threads") { Description = "Threads for the arithmetic; 0 = as many as there are cores." };
        Option<bool> json = Output.JsonOption();
        Command command = new("demo", "Train, compare and guard in the built-in world, then write a report. Example: safe-rlhf-v demo --out runs/demo --seed 0")
        {
            folder, seed, quick, mode, stage, fresh, threads, json,
        };
        command.SetAction((parsed, cancel) =>
        {
            MultiplierMode multiplier = Enum.Parse<MultiplierMode>(parsed.GetRequiredValue(mode), ignoreCase: true);
            DemoSettings settings = parsed.GetValue(quick) ? DemoSettings.Quick(parsed.GetRequiredValue(seed), multiplier) : DemoSettings.Default(parsed.GetRequiredValue(seed), multiplier);
            if (parsed.GetValue(threads) < 0) throw new InvalidInputException($"--threads {parsed.GetValue(threads)}: it must be 0 (all cores) or more.");
            return Task.Run(() => Run(settings with { Threads = parsed.GetValue(threads) }, parsed.GetRequiredValue(folder), parsed.GetValue(stage), parsed.GetValue(fresh), parsed.GetValue(json), cancel), CancellationToken.None);
        });
        return command;
    }

    private static int Run(DemoSettings settings, string folder, string? stage, bool fresh, bool json, CancellationToken cancel)
    {
        DemoResults? results = DemoRunner.Run(settings, folder, stage, fresh, new StageView(), cancel);
        if (results is null)
        {
            Output.Note($"stopped after stage {stage} as asked; run again without --stage to go on.");
            return 0;
        }
        ThresholdResult[] missed = [.. results.Thresholds.Where(threshold => threshold is { Enforced: true, Passed: false })];
        if (json) Output.Json(results);
        else
        {
            Output.People.Write(Table(results));
            Output.Line($"Report: {Path.Combine(folder, "report.html")}");
            Output.Line($"Figures: {Path.Combine(folder, "results.json")}");
        }
        foreach (ThresholdResult threshold in missed)
            Output.Note(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"fell short: {threshold.Name} is {threshold.Reached:0.###}, {(threshold.Comparison == Comparison.AtLeast ? "at least" : "at most")} {threshold.Required:0.###} is required."));
        return missed.Length == 0 ? 0 : CliHost.CheckFailed;
    }

    private static Table Table(DemoResults results)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("method", "helpful 0..3", "harmless -3..3", "unsafe", "helpful gain", "safe gain", "mean cost");
        foreach (TableColumn column in table.Columns.Skip(1)) column.RightAligned();
        static string Text(FormattableString text) => FormattableString.Invariant(text);
        foreach (MethodResult method in results.Methods)
            table.AddRow(
                method.Id == MethodIds.SafeRlhfV ? $"[bold]{method.Name}[/]" : method.Name.EscapeMarkup(), Text($"{method.Helpful.Value:0.00}"), Text($"{method.Harmless.Value:+0.00;-0.00}"), Text($"{100 * method.UnsafeRate.Value:0.0} %"),
                Text($"{method.HelpfulWins.GainPoints:+0.0;-0.0}"), Text($"{method.SafeWins.GainPoints:+0.0;-0.0}"), Text($"{method.MeanCost:+0.00;-0.00}"));
        return table;
    }

    /// <summary>Shows each stage's progress, one after another.</summary>
    private sealed class StageView : IProgress<DemoProgress>
    {
        private ProgressView? view;
        private string? stage;

        public void Report(DemoProgress value)
        {
            if (value.Stage != stage) (stage, view) = (value.Stage, new ProgressView($"[{value.Number,2}/{value.Count}] {value.Title}"));
            switch (value.State)
            {
                case StageState.Resumed: view!.Done("finished earlier"); break;
                case StageState.Finished: view!.Done(value.Figures); break;
                default: if (value.Total > 0) view!.Report((int)value.Done, (int)value.Total, value.Figures); break;
            }
        }
    }
}
