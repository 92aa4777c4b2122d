using System.CommandLine;
using SafeRlhfV.Demo;
using SafeRlhfV.Objectives;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>demo</c>: the whole of Safe RLHF-V in the built-in world, and its report.</summary>
internal static class DemoVerb
{
    public static Command Create()
    {
        Option<string> folder = new("--out") { Description = "The output folder; an unfinished run in it is resumed.", DefaultValueFactory = _ => "runs/demo" };
        Option<long> seed = new("--seed") { Description = "The seed of the world and of every stage.", DefaultValueFactory = _ => 0 };
        Option<bool> quick = new("--quick") { Description = "The same path in small: under a minute, proves nothing." };
        Option<string> mode = new Option<string>("--multiplier") { Description = "How lambda follows the cost.", DefaultValueFactory = _ => "log" }
            .AcceptOnlyFromAmong("log", "projected", "pid", "fixed");
        Option<string> sharing = new Option<string>("--sharing")
        {
            Description = "PPO's roles as whole models, or as adapters on one backbone.",
            DefaultValueFactory = _ => "none"
        }.AcceptOnlyFromAmong("none", "backbone");
        Option<bool> validation = new("--validation")
        {
            Description = "Judge on the validation split: choose settings there, and report them on the test split (without this option)."
        };
        Option<bool> reasoning = new("--reasoning")
        {
            Description = "Ask questions with one right answer too: makes the data and models of recipes/world/grpo-reasoning.yaml. Needs --stage."
        };
        Option<string?> stage = new Option<string?>("--stage")
        {
            Description = $"Run this stage and what it needs, then stop: {string.Join(", ", DemoRunner.StageNames)}."
        }.Completes(DemoRunner.StageNames);
        Option<bool> fresh = new("--fresh") { Description = "Throw away an earlier run in the folder." };
        Option<int> workers = new("--workers")
        {
            Description = "Stages at a time, one core each; 0 = as many as there are cores. The figures do not depend on it."
        };
        Option<bool> json = Output.JsonOption();
        Command command = new("demo", "Train, compare and guard in the built-in world, then write a report. Example: safe-rlhf-v demo --out runs/demo --seed 0")
        {
            folder, seed, quick, mode, sharing, validation, reasoning, stage, fresh, workers, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            MultiplierMode multiplier = Enum.Parse<MultiplierMode>(parsed.GetRequiredValue(mode), ignoreCase: true);
            DemoSettings settings = parsed.GetValue(quick)
                ? DemoSettings.Quick(parsed.GetRequiredValue(seed), multiplier)
                : DemoSettings.Default(parsed.GetRequiredValue(seed), multiplier);
            if (parsed.GetRequiredValue(sharing) == "backbone") settings = settings.OnOneBackbone();
            settings = settings with { Validation = parsed.GetValue(validation), Reasoning = parsed.GetValue(reasoning) };
            if (settings.Reasoning && parsed.GetValue(stage) is null)
                throw new InvalidInputException("--reasoning: the report is about open questions; give the last stage that is wanted, such as --stage cost.");
            int count = parsed.GetValue(workers);
            if (count < 0) throw new InvalidInputException($"--workers {count}: it must be 0 (all cores) or more.");
            return Task.Run(() => Run(settings, parsed.GetValue(quick), parsed.GetRequiredValue(folder), parsed.GetValue(stage), parsed.GetValue(fresh), count,
                parsed.GetValue(json), cancellationToken), CancellationToken.None);
        });
        return command;
    }

    private static int Run(DemoSettings settings, bool quick, string folder, string? stage, bool fresh, int workers, bool json,
        CancellationToken cancellationToken)
    {
        DemoResults? results;
        try
        {
            results = DemoRunner.Run(settings, folder, stage, fresh, workers, new StageView(), cancellationToken);
        }
        catch (Evaluation.GateException gate)
        {
            Output.Note($"safe-rlhf-v: {gate.Message}");
            return CliHost.CheckFailed;
        }
        if (results is null)
        {
            Output.Note($"stage {stage} is finished; run again without --stage to continue.");
            return 0;
        }
        ThresholdResult[] missed = [.. results.Thresholds.Where(threshold => threshold is { Enforced: true, Passed: false })];
        if (json) Output.Json(results);
        else
        {
            Output.People.Write(Table(results));
            if (quick) Output.Line("--quick only shows that everything runs: these figures prove nothing.");
            Output.Line($"Report: {Path.Combine(folder, "report.html")}");
            Output.Line($"Figures: {Path.Combine(folder, "results.json")}");
        }
        foreach (ThresholdResult threshold in missed)
            Output.Note(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"fell short: {threshold.Name} is {threshold.Reached:0.###}, "
                    + $"{(threshold.Comparison == Comparison.AtLeast ? "at least" : "at most")} {threshold.Required:0.###} is required."));
        return missed.Length == 0 ? 0 : CliHost.CheckFailed;
    }

    private static Table Table(DemoResults results)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("method", "helpful 0..3", "harmless -3..3", "unsafe", "helpful gain", "safe gain",
            "mean cost");
        foreach (TableColumn column in table.Columns.Skip(1)) column.RightAligned();
        static string Text(FormattableString text) => FormattableString.Invariant(text);
        foreach (MethodResult method in results.Methods)
            table.AddRow(
                method.Id == MethodIds.SafeRlhfV ? $"[bold]{method.Name}[/]" : method.Name.EscapeMarkup(), Text($"{method.Helpful.Value:0.00}"),
                Text($"{method.Harmless.Value:+0.00;-0.00}"), Text($"{100 * method.UnsafeRate.Value:0.0} %"),
                Text($"{method.HelpfulWins.GainPoints:+0.0;-0.0}"), Text($"{method.SafeWins.GainPoints:+0.0;-0.0}"), Text($"{method.MeanCost:+0.00;-0.00}"));
        return table;
    }

    /// <summary>
    /// Shows the stages at work: on a terminal one live line of all of them, else a plain line of each now and then; and a line that stays when one ends.
    /// </summary>
    private sealed class StageView : IProgress<StageProgress>
    {
        private readonly Dictionary<string, (ProgressView View, StageProgress Last)> active = [];

        public void Report(StageProgress value)
        {
            if (!active.TryGetValue(value.Stage, out (ProgressView View, StageProgress Last) entry))
                entry = (new ProgressView($"[{value.Number,2}/{value.Count}] {value.Title}"), value);
            active[value.Stage] = (entry.View, value);
            if (value.State == StageState.Running)
            {
                if (value.Total > 0) entry.View.Report((int)value.Done, (int)value.Total, value.Figures + Others(value.Stage));
                return;
            }
            active.Remove(value.Stage);
            entry.View.Done(value.State == StageState.Resumed ? "finished earlier" : value.Figures);
        }

        private string Others(string stage) => string.Concat(active.Where(pair => pair.Key != stage && pair.Value.Last.Total > 0)
            .Select(pair => string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"  | {pair.Value.Last.Title} {(double)pair.Value.Last.Done / pair.Value.Last.Total:P0}")));
    }
}
