using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RecipeFilesTests
{
    private static readonly string[] Families = ["llava-1.5-7b", "llava-next-7b", "qwen2-vl-7b", "qwen2.5-vl-7b"];

    private static string Root => Path.Combine(Golden.RepositoryRoot(), "recipes");

    [Fact]
    public void EveryRecipeIsSoundAndNamesItsTrainerInItsFileName()
    {
        string[] files = [.. Families.Append("world").SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.yaml"))];
        Assert.True(files.Length > 50, $"{files.Length} recipes");
        foreach (string file in files)
        {
            Recipe recipe = RecipeReader.Load(file);
            Assert.StartsWith(recipe.Trainer.ToString().ToLowerInvariant(), Path.GetFileName(file));
            Assert.Equal(Path.GetFileNameWithoutExtension(file), Path.GetFileName(recipe.Run.Folder));
        }
    }

    [Fact]
    public void EveryFamilyHasEveryTrainerWithThePapersSettingsAndForOneGpu()
    {
        foreach (string family in Families)
            foreach (string suffix in (string[])["", "-one-gpu"])
                Assert.Equal(Enum.GetValues<TrainerKind>().Order(), Directory.EnumerateFiles(Path.Combine(Root, family), "*.yaml").Where(file => file.EndsWith("-one-gpu.yaml", StringComparison.Ordinal) == (suffix.Length > 0)).Select(file => RecipeReader.Load(file).Trainer).Distinct().Order());
    }

    [Fact]
    public void ThePapersSettingsAreThoseOfTheMethod()
    {
        var reward = (ModelTrainingRecipe<RewardSettings>)RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", "reward.yaml"));
        Assert.Equal((3e-5, 3.0, 32, ScheduleShape.Constant, 0.95, 0.03, 4096, false), (reward.Training.Optimizer.LearningRate, reward.Training.Epochs, reward.Training.BatchSize, reward.Training.Optimizer.Schedule, reward.Training.Optimizer.Beta2, reward.Training.Optimizer.WarmupFraction, reward.Training.Lengths.TotalTokens, reward.Training.TrainVisionTower));
        var ppo = (PpoRecipe)RecipeReader.Load(Path.Combine(Root, "llava-1.5-7b", "ppo.yaml"));
        Assert.Equal((5e-7, 5e-7, 16.0, 0.02, 512, Sharing.None), (ppo.Training.Actor.LearningRate, ppo.Training.Critics.LearningRate, ppo.Training.PtxCoefficient, ppo.Training.KlCoefficient, ppo.Training.MaxNewTokens, ppo.Model.Sharing));
        Assert.Equal((10.0, 20.0, -0.5, 0.1, 1, 128), (ppo.Training.Multiplier.Initial, ppo.Training.Multiplier.Maximum, ppo.Training.Multiplier.Budget, ppo.Training.Multiplier.LearningRate, ppo.Training.Multiplier.Delay, ppo.Training.Multiplier.Window));
    }

    [Fact]
    public void EveryAblationIsSoundAndItsVariantsDiffer()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Root, "ablations"), "*.yaml")];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            Ablation ablation = Ablation.Load(file, "out", ["training.seed=0"]);
            IGrouping<string, AblationRun>[] variants = [.. ablation.Runs.GroupBy(run => run.Variant)];
            Assert.True(variants.Length > 1, file);
            Assert.Equal(variants.Length, variants.Select(variant => variant.First().Recipe.ToYamlWithoutRun()).Distinct().Count());
            Assert.Equal(ablation.Runs.Count, ablation.Runs.Select(run => run.Recipe.Run.Folder).Distinct().Count());
        }
    }

    [Fact]
    public void FaultsOfAnAblationAreToldTogether()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("a.yaml"), "base: b.yaml\nseeds: [1, x]\nvariants:\n  - { name: A, sets: [] }\n  - { name: a }\n");
        string message = Assert.Throws<InvalidInputException>(() => Ablation.Load(folder.At("a.yaml"), "out")).Message;
        foreach (string part in (string[])["line 2: seeds: 'x' must be a whole number", "metrics: name the metrics", "line 4: variants: name one variant or more, each with a name of its own", "line 4: variants[0].sets: unknown key"]) Assert.Contains(part, message);
    }
}
