using SafeRlhfV.Objectives;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo.Tests;

/// <summary>The recipes of the built-in world are what the demo runs.</summary>
public sealed class WorldRecipeTests
{
    private static readonly DemoSettings Demo = DemoSettings.Default(0);

    [Fact]
    public void RecipesAreTheDemosSettings()
    {
        Assert.Equal(Demo.Sft, Settings<SftSettings>("sft"));
        Assert.Equal(Demo.Reward, Settings<RewardSettings>("reward"));
        Assert.Equal(Demo.Cost, Settings<CostSettings>("cost"));
        Assert.Equal(Demo.Dpo with { Preference = PreferenceKind.Helpful }, Settings<DpoSettings>("dpo-h"));
        Assert.Equal(Demo.Dpo with { Preference = PreferenceKind.Safe }, Settings<DpoSettings>("dpo-s"));
        Assert.Equal(Demo.Dpo with { Preference = PreferenceKind.SafeHelpful }, Settings<DpoSettings>("dpo-safe"));
        Assert.Equal(Demo.Dpo with { Beta = BetaChoice.FromMargin }, Settings<DpoSettings>("dpo-margin"));
        GuardSettings guard = Settings<GuardSettings>("guard");
        Assert.Equal(Demo.Guard.SeverityRowWeights, guard.SeverityRowWeights);
        Assert.Equal(Demo.Guard, guard with { SeverityRowWeights = Demo.Guard.SeverityRowWeights });
        Assert.Equal(Demo.SafePpo, Ppo("ppo"));
        Assert.Equal(DemoSettings.Default(0, MultiplierMode.Projected).SafePpo, Ppo("ppo-projected"));
        Assert.Equal(Demo.PpoHelpful, Ppo("ppo-h"));
        Assert.Equal(Demo.PpoSafe, Ppo("ppo-s"));
        Assert.Equal(Demo.Grpo, ((GrpoRecipe)Load("grpo")).Training);
    }

    [Fact]
    public void TheRecipeOnOneBackboneIsTheDemos()
    {
        DemoSettings shared = Demo.OnOneBackbone();
        PpoRecipe recipe = (PpoRecipe)Load("ppo-backbone");
        Assert.Equal(shared.SafePpo, recipe.Training);
        Assert.Equal((shared.Sharing, shared.Lora!.Rank, shared.Lora.Alpha, shared.Lora.Dropout, shared.Lora.RankStabilised),
            (recipe.Model.Sharing, recipe.Model.Lora!.Rank, recipe.Model.Lora.Alpha, recipe.Model.Lora.Dropout, recipe.Model.Lora.RankStabilised));
        Assert.Equal(shared.Lora.Targets, recipe.Model.Lora.Targets);
        Assert.Equal(shared.Lora.ModulesToSave, recipe.Model.Lora.ModulesToSave);
        // the scores are trained as for six models
        Assert.Equal((Demo.Reward, Demo.Cost), (shared.Reward, shared.Cost));
    }

    private static T Settings<T>(string name) where T : TrainerSettings => (T)((IModelTrainingRecipe)Load(name)).Training;

    private static PpoSettings Ppo(string name) => ((PpoRecipe)Load(name)).Training;

    private static Recipe Load(string name) => RecipeReader.Load(Path.Combine(Golden.RepositoryRoot(), "recipes", "world", $"{name}.yaml"));
}
