using System.Text.Json;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>Between the folders of training runs and the page that draws them.</summary>
internal static class RunCurves
{
    public const string PageName = "run.html";

    private const string AlarmsFile = "alarms.jsonl";

    /// <summary>A run's metrics; empty where it has none yet.</summary>
    public static CurveRun Read(string variant, long seed, string folder)
    {
        string path = Path.Combine(folder, MetricsLog.FileName);
        return new CurveRun(variant, seed, File.Exists(path) ? [.. MetricsLog.Read(path)] : []);
    }

    /// <summary>What a run's alarms said.</summary>
    public static IEnumerable<string> Alarms(string folder)
    {
        string path = Path.Combine(folder, AlarmsFile);
        if (!File.Exists(path)) yield break;
        foreach (string line in File.ReadLines(path))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            yield return $"step {document.RootElement.GetProperty("step").GetInt64()}: {document.RootElement.GetProperty("alarm").GetString()}";
        }
    }

    /// <summary>Draws one run into its own folder.</summary>
    public static void Write(Recipe recipe)
    {
        string kind = recipe.Trainer.Name, folder = recipe.Run.Folder;
        string lead = $"{Path.GetFileName(Path.GetFullPath(folder))}, seed {recipe.Seed}. The recipe is beside this page, in result/recipe.yaml.";
        MetricInfo[] drawn = [.. recipe.Trainer.Metrics.Where(metric => metric.Drawn)];
        CurvesPage.Write(Path.Combine(folder, PageName), $"Training run: {kind}", lead, [Read(kind, recipe.Seed, folder)], drawn, [.. Alarms(folder)]);
    }
}
