using System.Text.Json;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>Between the folders of training runs and the page that draws them.</summary>
internal static class RunCurves
{
    public const string PageName = "run.html";

    private const string AlarmsFile = "alarms.jsonl";

    private static readonly string[] Figures =
    [
        "loss", "reward", "cost", "window_cost", "lambda", "kl", "pair_accuracy", "sign_accuracy", "accuracy", "verdict_accuracy", "margin", "unsafe_share", "entropy", "length", "at_limit", "clip_fraction",
        "approximate_kl", "actor_loss", "ptx_loss", "reward_critic_loss", "cost_critic_loss", "gradient_norm", "actor_gradient_norm", "learning_rate",
    ];

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
        string kind = recipe.Trainer.ToString().ToLowerInvariant(), folder = recipe.Run.Folder;
        CurvesPage.Write(Path.Combine(folder, PageName), $"Training run: {kind}", $"{Path.GetFileName(Path.GetFullPath(folder))}, seed {recipe.Seed}. The recipe is beside this page, in result/recipe.yaml.", [Read(kind, recipe.Seed, folder)], Figures, [.. Alarms(folder)]);
    }
}
