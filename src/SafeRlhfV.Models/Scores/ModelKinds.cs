using System.Text.Json.Nodes;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>
/// What a folder says that its model is: score_config.json beside the score head, guard_config.json, or the recipe that an older run left beside its result.
/// Folders from elsewhere say nothing.
/// </summary>
public static class ModelKinds
{
    /// <summary>The file that names the kind of a score head.</summary>
    public const string FileName = "score_config.json";

    private const string RecipeFile = "recipe.yaml", TrainerKey = "trainer:", HeadsKey = "heads";
    private const int MostHeads = 1024;

    private static readonly (ModelKind Kind, string Word, string Name, string[] Outputs)[] Scored =
    [
        (ModelKind.Reward, "reward", "a reward model (RM-V)", ["reward"]),
        (ModelKind.Cost, "cost", "a cost model (CM-V)", ["cost"]),
        (ModelKind.Scores, "scores", "a model of both scores (reward and cost)", ["reward", "cost"]),
        (ModelKind.Guard, "guard", "a guard", []),
    ];

    /// <summary>The kind that a folder states; null if it states none.</summary>
    /// <exception cref="InvalidInputException">score_config.json is malformed.</exception>
    public static ModelKind? Of(string folder)
    {
        string own = Path.Combine(folder, FileName), recipe = Path.Combine(folder, RecipeFile);
        if (File.Exists(own))
        {
            ConfigReader reader = ConfigReader.Open(own);
            string word = reader.Text("kind");
            return Scored.Where(one => one.Word == word).Select(one => (ModelKind?)one.Kind).FirstOrDefault()
                ?? throw reader.Error("kind", $"'{word}' must be one of {string.Join(", ", Scored.Select(one => one.Word))}");
        }
        if (File.Exists(Path.Combine(folder, GuardConfig.FileName))) return ModelKind.Guard;
        return File.Exists(recipe) ? OfTrainer(File.ReadLines(recipe)
            .FirstOrDefault(line => line.StartsWith(TrainerKey, StringComparison.Ordinal))?[TrainerKey.Length..].Trim()) : null;
    }

    /// <summary>How many heads a folder's score has, each with all its outputs; 1 where the folder does not say.</summary>
    /// <exception cref="InvalidInputException">score_config.json is malformed.</exception>
    public static int Heads(string folder)
    {
        string own = Path.Combine(folder, FileName);
        return File.Exists(own) ? ConfigReader.Open(own).Int(HeadsKey, 1, most: MostHeads) : 1;
    }

    /// <summary>The kind in words, with its article.</summary>
    public static string Name(ModelKind kind) => kind == ModelKind.Policy ? "a policy" : Scored.First(one => one.Kind == kind).Name;

    /// <summary>Checks that a folder is not stated to be of another kind than it is used as.</summary>
    /// <param name="folder">A model's or an adapter's folder.</param>
    /// <param name="wanted">The kinds that will do.</param>
    /// <param name="use">Who wants it, such as "model.reward".</param>
    /// <returns>A remark where the folder has a score head and does not say of what kind; null otherwise.</returns>
    /// <exception cref="InvalidInputException">It is stated to be of another kind.</exception>
    public static string? Check(string folder, IReadOnlyList<ModelKind> wanted, string use)
    {
        if (Of(folder) is { } kind)
            return wanted.Contains(kind)
                ? null
                : throw new InvalidInputException($"{folder}: this is {Name(kind)}, and {use} needs {string.Join(" or ", wanted.Select(Name))}.");
        if (!ScoreHead.IsIn(folder)) return null;
        ModelKind[] taken = wanted[0] == ModelKind.Policy ? [ModelKind.Policy] : [.. wanted.Where(one => one != ModelKind.Policy)];
        return $"{folder} does not say what its score is; {use} takes it as {string.Join(" or ", taken.Select(Name))}"
            + $"{(wanted[0] == ModelKind.Policy ? " and leaves its score head alone" : "")}.";
    }

    /// <summary>Writes the kind of a score head into its folder, and of an ensemble the number of heads.</summary>
    internal static void Save(string folder, ModelKind kind, int heads = 1)
    {
        (_, string word, _, string[] outputs) = Scored.First(one => one.Kind == kind);
        JsonObject root = new() { ["kind"] = word };
        if (outputs.Length > 0) root["outputs"] = new JsonArray([.. outputs.Select(name => (JsonNode)name)]);
        if (heads > 1) root[HeadsKey] = heads;
        File.WriteAllText(Path.Combine(folder, FileName), root.ToJsonString(new() { WriteIndented = true }) + "\n");
    }

    /// <summary>Outputs that one head of a kind has.</summary>
    public static int Outputs(ModelKind kind) => kind switch
    {
        ModelKind.Reward or ModelKind.Cost => 1,
        ModelKind.Scores => 2,
        ModelKind.Guard => GuardHeads.Outputs,
        _ => 0,
    };

    private static ModelKind? OfTrainer(string? trainer) => trainer switch
    {
        "sft" or "dpo" or "ppo" or "grpo" => ModelKind.Policy,
        _ => Scored.Where(one => one.Word == trainer).Select(one => (ModelKind?)one.Kind).FirstOrDefault(),
    };
}
