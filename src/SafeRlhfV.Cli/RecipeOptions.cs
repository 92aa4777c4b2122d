using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary>What a recipe's variables are given by.</summary>
internal static class RecipeOptions
{
    public static Option<string?> Model() =>
        new("--model") { Description = "The model's folder: ${model} in the recipe; without that, model.folder (PPO: model.policy)." };

    public static Option<string?> Name() => new("--name") { Description = "A name for the runs of this model: ${name} in the recipe." };
}
