using System.CommandLine;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>What a recipe's variables are given by, and what is no recipe.</summary>
internal static class RecipeOptions
{
    public static Option<string?> Model() =>
        new("--model") { Description = "The model's folder: ${model} in the recipe; without that, model.folder (PPO: model.policy)." };

    public static Option<string?> Name() => new("--name") { Description = "A name for the runs of this model: ${name} in the recipe." };

    /// <summary>Reads a recipe. A file of another verb has none of a recipe's keys: it is named as what it is, in place of its faults.</summary>
    /// <exception cref="InvalidInputException">The recipe has faults, or is none.</exception>
    public static Recipe Load(string file, Func<Recipe> load)
    {
        try
        {
            return load();
        }
        catch (InvalidInputException error) when (File.Exists(file) && Instead(file, YamlTree.Load(file)) is { } instead)
        {
            throw new InvalidInputException($"{file}: {instead}.", error);
        }
    }

    private static string? Instead(string file, YamlTree content) =>
        File.ReadLines(file).Any(line => line.StartsWith("variants:", StringComparison.Ordinal))
            ? $"this is an ablation, which trains its variants: safe-rlhf-v ablate --config {file} --out FOLDER"
        : content.Top("trainer") is not null ? null
        : (content.Top("shares") ?? content.Top("miss") ?? content.Top("max_new_tokens")) is not null
            ? $"this is a file of 'align', which trains all of its stages: safe-rlhf-v align --model MODEL --data DATA --out RUN --config {file} "
                + "(with --dry-run it plans them)"
        : null;
}
