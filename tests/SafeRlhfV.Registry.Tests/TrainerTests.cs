using System.Text.Json;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Registry.Tests;

[Collection(CommandLine.Name)]
public sealed class TrainerTests
{
    private const string Recipe = """
        trainer: contrast
        model: { folder: MODEL }
        data: { folder: DATA }
        training: { batch_size: 4, micro_batch_size: 2, max_steps: 3, strength: 0.5, lengths: { response_tokens: 40, too_long: cut_response } }
        """;

    private static string Yaml => Recipe.Replace("MODEL", Golden.At("models", "llava-1.5-tiny")).Replace("DATA", Golden.At("beavertails-v", "paired"));

    [Fact]
    public void TheHelpHasItsSubcommandAndItsOptions()
    {
        Assert.Contains("contrast", CommandLine.Run("train", "--help"));
        string help = CommandLine.Run("train", "contrast", "--help");
        Assert.Contains(new ContrastDefinition().Summary, help);
        Assert.Contains("--model", help);
    }

    [Fact]
    public void ARecipeIsTrainedAndItsMetricsAreWrittenDrawnAndShown()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("contrast.yaml"), Yaml);
        (int code, _, string errors) = CommandLine.Try("train", "contrast", "--config", folder.At("contrast.yaml"), "--out", folder.At("run"), "--set",
            "run.best_metric=preferred_more_likely");
        Assert.True(code == 0, errors);
        (long Step, IReadOnlyDictionary<string, double> Values)[] steps = [.. MetricsLog.Read(folder.At("run", MetricsLog.FileName))];
        Assert.Equal(3, steps.Length);
        TrainerDefinition trainer = Trainers.All.Find("contrast")!;
        Assert.Equal(trainer.Metrics.Select(metric => metric.Name).Order(), steps[0].Values.Keys.Order());
        Assert.All(steps, step => Assert.True(step.Values["loss"] > 0 && step.Values["gradient_norm"] > 0));
        Assert.Contains("preferred more likely", errors);
        Assert.Contains("preferred more likely (higher is better)", File.ReadAllText(folder.At("run", "run.html")));
        Assert.IsType<ModelTrainingRecipe<ContrastSettings>>(RecipeReader.Load(folder.At("run", "result", "recipe.yaml")));
        Assert.Contains("was finished before",
            CommandLine.Try("train", "contrast", "--config", folder.At("contrast.yaml"), "--out", folder.At("run"), "--resume", "--set",
                "run.best_metric=preferred_more_likely").Errors);
    }

    [Fact]
    public void ItsRecipeIsPlanned()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("contrast.yaml"), Yaml);
        using JsonDocument plan = JsonDocument.Parse(CommandLine.Run("plan", "--config", folder.At("contrast.yaml"), "--data", "--gpu", "t4", "--json"));
        Assert.Contains("pairs of", plan.RootElement.GetProperty("assumed").GetString());
        Assert.True(plan.RootElement.GetProperty("totalBytes").GetInt64() > MemoryPlanner.ProcessBytes);
        Assert.Equal("step", plan.RootElement.GetProperty("time").GetProperty("unit").GetString());
    }

    [Fact]
    public void LimitsOnItsPropertiesAndItsOwnRulesAreReportedTogether()
    {
        string message = Assert.Throws<InvalidInputException>(() =>
            RecipeReader.Parse(Yaml, sets: ["training.strength=6", "training.batch_size=0", "run.best_metric=margin"])).Message;
        Assert.Contains("training.strength: '6' must be a number above 0 and at most 5", message);
        Assert.Contains("training.batch_size: '0' must be a whole number at least 1", message);
        Assert.Contains("run.best_metric: 'margin' is no metric of contrast; there are loss, preferred_more_likely, gradient_norm", message);
        Assert.Contains("training.strength: above 1 needs an adapter",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Parse(Yaml, sets: ["training.strength=2"])).Message);
        Assert.Contains("one of sft, reward, cost, scores, dpo, ppo, grpo, guard, contrast",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Parse("trainer: other\n")).Message);
    }
}
