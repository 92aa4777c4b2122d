using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>What <c>align</c> was asked for.</summary>
internal sealed record AlignOptions
{
    /// <summary>The methods, with the trainer of each and what it is set to.</summary>
    public static readonly IReadOnlyDictionary<string, (string Trainer, string[] Sets)> Methods = new Dictionary<string, (string, string[])>
    {
        ["ppo"] = ("ppo", []),
        ["grpo"] = ("grpo", []),
        ["dpo"] = ("dpo", ["training.preference=helpful"]),
        ["safe-dpo"] = ("dpo", ["training.preference=safe_helpful"]),
    };

    /// <summary>Whether the policy of a method answers prompts itself and follows RM-V and CM-V, within a budget.</summary>
    public static bool FollowsScores(string method) => typeof(RolloutRecipe).IsAssignableFrom(Trainers.All.Find(Methods[method].Trainer)!.RecipeType);

    /// <summary>The model to align.</summary>
    public required string Model { get; init; }

    /// <summary>The pairs to align it with.</summary>
    public required string Data { get; init; }

    /// <summary>Where everything is put.</summary>
    public required AlignFolders Folders { get; init; }

    /// <summary>How the policy is trained: a key of <see cref="Methods"/>.</summary>
    public required string Method { get; init; }

    /// <summary>The mean cost that is allowed; null = the recipe's.</summary>
    public double? Budget { get; init; }

    /// <summary>The card to plan for and run on; null = the recipes' device.</summary>
    public GpuCard? Card { get; init; }

    /// <summary>One seed for the split and every stage; null = the recipes'.</summary>
    public long? Seed { get; init; }

    /// <summary>Stages that are left out.</summary>
    public IReadOnlyList<string> Skip { get; init; } = [];

    /// <summary>Go on below a gate.</summary>
    public bool OnlyWarns { get; init; }

    /// <summary>Begin stages even where the plan says that memory does not suffice.</summary>
    public bool IgnoresMemory { get; init; }

    /// <summary>The judge's options for <c>eval judge</c> and <c>eval bench</c>; empty = no judge.</summary>
    public IReadOnlyList<string> Judge { get; init; } = [];

    /// <summary>The options of <c>eval bench</c> that name benchmarks; empty = none.</summary>
    public IReadOnlyList<string> Benchmarks { get; init; } = [];

    /// <summary>How stages train and measure.</summary>
    public required AlignSettings Settings { get; init; }
}
