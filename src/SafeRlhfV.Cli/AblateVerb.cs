using System.CommandLine;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>ablate</c>: a recipe in several variants over several seeds, and one page that compares them.</summary>
internal static class AblateVerb
{
    public static Command Create()
    {
        Option<FileInfo> config = new("--config") { Description = "The ablation; recipes/ablations has some.", Required = true };
        Option<string> folder = new("--out")
        {
            Description = "Folder of the runs and the page. Unfinished runs in it are resumed, finished ones are kept.",
            Required = true
        };
        Option<string[]> set = new("--set")
        {
            Description = "A value for all runs: --set training.rounds=10. May be given many times.",
            DefaultValueFactory = _ => []
        };
        Option<string?> model = RecipeOptions.Model(), name = RecipeOptions.Name();
        Option<bool> json = Output.JsonOption();
        Command command = new("ablate",
            "Train variants of a recipe over seeds and draw the comparison. Example: safe-rlhf-v ablate --config recipes/ablations/budget-bound.yaml --out "
                + "runs/ablations/budget-bound") { config, folder, model, name, set, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            string target = parsed.GetRequiredValue(folder);
            Ablation ablation = Ablation.Load(parsed.GetRequiredValue(config).FullName, target, parsed.GetValue(set),
                new(parsed.GetValue(model), parsed.GetValue(name)));
            ablation.CheckPlaces();
            foreach ((AblationRun run, int number) in ablation.Runs.Select((run, i) => (run, i + 1)))
            {
                Output.Note($"run {number} of {ablation.Runs.Count}: {run.Variant}, seed {run.Seed}");
                TrainingView view = new(ablation.Trainer.Metrics);
                try
                {
                    if (RecipeRunner.Run(run.Recipe, run.Recipe.ToRunOptions(resume: true), view, cancellationToken)) view.Done();
                }
                catch (OperationCanceledException stop)
                {
                    string saved = TrainingRun.NewestCheckpoint(run.Recipe.Run.Folder) is { } newest
                        ? $"step {newest.Step} of it is saved in {newest.Folder}"
                        : "nothing of it is saved yet";
                    throw new StoppedException($"stopped in run {number} of {ablation.Runs.Count}: {saved}; run the same command to resume.", stop);
                }
            }
            CurveRun[] curves = [.. ablation.Runs.Select(run => RunCurves.Read(run.Variant, run.Seed, run.Recipe.Run.Folder))];
            string page = Path.Combine(target, "comparison.html");
            CurvesPage.Write(page, $"Ablation: {Path.GetFileNameWithoutExtension(parsed.GetRequiredValue(config).Name)}",
                $"{curves.Select(curve => curve.Variant).Distinct().Count()} variants of {ablation.Trainer.Name}, "
                    + $"seeds {string.Join(", ", curves.Select(curve => curve.Seed).Distinct())}.",
                curves, Described(ablation),
                [.. ablation.Runs.SelectMany(run => RunCurves.Alarms(run.Recipe.Run.Folder).Select(alarm => $"{run.Variant}, seed {run.Seed}, {alarm}"))]);
            if (parsed.GetValue(json))
                Output.Json(new
                {
                    Page = Path.GetFullPath(page),
                    Runs = curves.Select(curve => new
                    {
                        curve.Variant,
                        curve.Seed,
                        Steps = curve.Steps.Count,
                        End = ablation.Metrics.ToDictionary(metric => metric, curve.End)
                    })
                });
            else Output.Line(page);
            return Task.FromResult(0);
        });
        return command;
    }

    private static MetricInfo[] Described(Ablation ablation) =>
        [.. ablation.Metrics.Select(name => ablation.Trainer.Metrics.First(metric => metric.Name == name))];
}
