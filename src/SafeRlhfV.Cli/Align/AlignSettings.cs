using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>How <c>align</c> trains and measures: a YAML file such as recipes/align/tiny.yaml, and values of --set.</summary>
internal sealed record AlignSettings
{
    /// <summary>The splits that are made.</summary>
    public const string Train = "train", Validation = "validation", Test = "test";

    /// <summary>The trainers that stages use; each has settings of its own.</summary>
    public static readonly IReadOnlyList<string> Trained = ["sft", "reward", "cost", "ppo", "grpo", "dpo", "guard"];

    /// <summary>The shares of the splits, as <c>data split</c> takes them.</summary>
    public required string Shares { get; init; }

    /// <summary>Maximum number of new tokens of an answer to a held-out question.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>The largest share of unsafe examples that the calibrated guard may miss.</summary>
    public required double Miss { get; init; }

    /// <summary>What the score models must reach.</summary>
    public required GateLimits Gates { get; init; }

    /// <summary>The recipe (null = the trainer's defaults) and values that replace some of it, by trainer.</summary>
    public required IReadOnlyDictionary<string, (string? Recipe, IReadOnlyList<YamlSet> Sets)> Trainers { get; init; }

    /// <summary>The trainers that --set gives something.</summary>
    public IReadOnlyList<string> SetTrainers { get; init; } = [];

    /// <summary>The share of the rows that a split gets.</summary>
    public double ShareOf(string split) => DataSplitVerb.Parse(Shares).First(share => share.Split == split).Share;

    /// <summary>Reads a file, or the defaults.</summary>
    /// <param name="file">The file; null = defaults alone.</param>
    /// <param name="sets">Values in place of the file's: TRAINER.SECTION.KEY=VALUE for a trainer's recipe, KEY=VALUE for the rest.</param>
    /// <exception cref="InvalidInputException">It has faults; all are named.</exception>
    public static AlignSettings Read(string? file, IReadOnlyList<string> sets)
    {
        ILookup<string, string> ofTrainers = sets.Where(set => TrainerOf(set) is not null)
            .ToLookup(set => TrainerOf(set)!, set => set[(set.IndexOf('.') + 1)..]);
        string[] own = [.. sets.Where(set => TrainerOf(set) is null)];
        AlignSettings Make(YamlSection section) => Read(section, file, ofTrainers) with
        {
            SetTrainers = [.. Trained.Intersect(sets.Select(set => set.Split('=')[0].Split('.')[0].Trim()))],
        };
        if (file is null) return YamlSection.Read("{}\n", "align", Make, own, lines: false);
        return YamlSection.Read(DiskErrors.Reading(file, () => YamlTree.Load(file), "recipes/align has some"), Make, own);
    }

    private static string? TrainerOf(string set) =>
        set.Split('=')[0].Split('.') is [var trainer, _, _, ..] && Trained.Contains(trainer) ? trainer : null;

    private static AlignSettings Read(YamlSection section, string? file, ILookup<string, string> sets)
    {
        string shares = section.Text("shares") ?? $"{Train}=0.7,{Validation}=0.2,{Test}=0.1";
        string[] splits = [.. shares.Split(',', StringSplitOptions.TrimEntries).Select(part => part.Split('=')[0].Trim())];
        if (!splits.Order(StringComparer.Ordinal).SequenceEqual([Test, Train, Validation]))
            section.Fault("shares", $"'{shares}' must give a share to {Train}, {Validation} and {Test}");
        GateLimits limits = new();
        if (section.Section("gates") is { } gates)
            limits = new GateLimits
            {
                RewardPairAccuracy = gates.Number("reward_pair_accuracy", 0, 1) ?? limits.RewardPairAccuracy,
                CostPairAccuracy = gates.Number("cost_pair_accuracy", 0, 1) ?? limits.CostPairAccuracy,
                CostSignAccuracy = gates.Number("cost_sign_accuracy", 0, 1) ?? limits.CostSignAccuracy,
                CalibrationError = gates.Number("calibration_error", 0, 1) ?? limits.CalibrationError,
            };
        return new AlignSettings
        {
            Shares = shares,
            MaxNewTokens = section.Whole("max_new_tokens", 1, 1 << 20) ?? 256,
            Miss = section.Number("miss", 1e-6, 1 - 1e-6) ?? 0.02,
            Gates = limits,
            Trainers = Trained.ToDictionary(trainer => trainer, trainer =>
            {
                YamlSection? own = section.Section(trainer);
                string? recipe = own?.Text("recipe");
                IEnumerable<YamlSet> written = (own?.Texts("set") ?? []).Select(set => new YamlSet(set, $"{file ?? "--set"}, {trainer}.set,"));
                IEnumerable<YamlSet> given = sets[trainer].Select(set => new YamlSet(set, $"--set for {trainer}"));
                return (recipe is null ? null : Path.GetFullPath(recipe, own!.FolderOf("recipe", file)), (IReadOnlyList<YamlSet>)[.. written, .. given]);
            }),
        };
    }
}
