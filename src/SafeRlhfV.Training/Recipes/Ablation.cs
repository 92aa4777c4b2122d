using System.Globalization;
using System.Text;

namespace SafeRlhfV.Training;

/// <summary>One recipe in several variants, each over several seeds, to compare them.</summary>
/// <param name="Trainer">What is trained.</param>
/// <param name="Metrics">Metrics to compare by.</param>
/// <param name="Runs">All runs: variant by variant, seed by seed.</param>
public sealed record Ablation(TrainerDefinition Trainer, IReadOnlyList<string> Metrics, IReadOnlyList<AblationRun> Runs)
{
    /// <summary>The command that makes the models and data that the recipes name; null = the file does not say.</summary>
    public string? First { get; init; }

    /// <summary>
    /// Reads an ablation's file: base (a recipe, relative to the file), seeds, metrics, first (the command that makes what the recipe names; may be left out),
    /// and variants with name and set.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">Where the runs are put: a folder a variant and seed.</param>
    /// <param name="sets">Values for all runs, each as section.key=value.</param>
    /// <param name="variables">What the recipe leaves open.</param>
    /// <exception cref="InvalidInputException">The file, or the recipe of a variant, has faults; all of the file's are named with their lines.</exception>
    public static Ablation Load(string path, string folder, IReadOnlyList<string>? sets = null, RecipeVariables? variables = null)
    {
        string text = DiskErrors.Reading(path, () => File.ReadAllText(path), "recipes/ablations has some");
        (string file, string? first, long[] seeds, string[] metrics, (string Name, string[] Sets)[] variants) = YamlSection.Read(text, path, Read);
        string recipe = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, file);
        YamlSet[] given = [.. (sets ?? []).Select(set => new YamlSet(set))];
        CheckSets(path, variants, given);
        List<AblationRun> runs = [];
        foreach ((string name, string[] own) in variants)
            foreach (long seed in seeds)
            {
                string place = Path.Combine(folder, FolderName(name), $"seed-{seed}");
                YamlSet[] values =
                [
                    .. ((string[])[$"run.folder='{place.Replace("'", "''", StringComparison.Ordinal)}'", $"training.seed={seed}", .. own])
                        .Select(set => new YamlSet(set, $"{path}, variant '{name}',")),
                    .. given,
                ];
                Recipe made = RecipeReader.Load(recipe, trainer: null, values, variables);
                runs.Add(new AblationRun(name, seed, made));
            }
        TrainerDefinition trainer = runs[0].Recipe.Trainer;
        string[] unknown = [.. metrics.Select(metric => RecipeReader.UnknownMetric(trainer, metric)).OfType<string>()];
        if (unknown.Length > 0) throw new InvalidInputException($"{path}: metrics: {unknown[0]}.");
        return new Ablation(trainer, metrics, runs) { First = first };
    }

    /// <summary>Refuses to begin where models or data are missing.</summary>
    /// <exception cref="InvalidInputException">Some are; all are named, with the command that makes them.</exception>
    public void CheckPlaces()
    {
        string[] missing = [.. Runs.SelectMany(run => RecipeInputs.Places(run.Recipe)).Distinct().Where(place => !Path.Exists(place))];
        if (missing.Length > 0)
            throw new InvalidInputException($"this ablation needs {string.Join(", ", missing)}, which {(missing.Length == 1 ? "is" : "are")} not there; "
                + $"{(First is null ? "its recipe says where they come from" : $"make them first: {First}")}.");
    }

    // what would make runs the same that are told apart
    private static void CheckSets(string path, (string Name, string[] Sets)[] variants, YamlSet[] given)
    {
        (string Key, string By)[] decided = [("training.seed", "seeds"), ("run.folder", "--out")];
        YamlSet[] own = [.. variants.SelectMany(variant => variant.Sets.Select(set => new YamlSet(set, $"{path}, variant '{variant.Name}',")))];
        foreach (YamlSet set in own.Concat(given))
            if (decided.FirstOrDefault(one => set.Gives(one.Key)) is { Key: { } key, By: { } by })
                throw new InvalidInputException($"{set.Source ?? "--set"} {set.Setting}: {by} gives {key}; leave it out.");
        foreach (YamlSet set in given)
        {
            string[][] each = [.. variants.Select(variant => variant.Sets.Where(one => new YamlSet(one) is var other
                && (set.Gives(other.Key) || other.Gives(set.Key))).ToArray())];
            if (each.Skip(1).Any(some => !some.SequenceEqual(each[0])))
                throw new InvalidInputException($"--set {set.Setting}: the variants differ in it ({each.First(some => some.Length > 0)[0]}), and would be the "
                    + "same; leave it out.");
        }
    }

    private static (string, string?, long[], string[], (string, string[])[]) Read(YamlSection section)
    {
        string recipe = section.Required("base");
        string? first = section.Text("first");
        List<long> seeds = [];
        foreach (string text in section.Texts("seeds"))
            if (long.TryParse(text, out long seed)) seeds.Add(seed);
            else section.Fault("seeds", $"'{text}' must be a whole number from {long.MinValue} to {long.MaxValue}");
        if (seeds.Count == 0 || seeds.Distinct().Count() < seeds.Count) section.Fault("seeds", "name one seed or more, each once");
        string[] metrics = [.. section.Texts("metrics")];
        if (metrics.Length == 0) section.Fault("metrics", "name the metrics to compare by");
        (string Name, string[] Sets)[] variants =
            [.. section.Sections("variants").Select(variant => (variant.Required("name"), (string[])[.. variant.Texts("set")]))];
        if (variants.Length == 0 || variants.Any(variant => FolderName(variant.Name).Length == 0)
            || variants.Select(variant => FolderName(variant.Name)).Distinct().Count() < variants.Length)
            section.Fault("variants", "name one variant or more, each with a name of its own");
        return (recipe, first, [.. seeds], metrics, variants);
    }

    // letters and digits of any script; what a file system or a shell may take amiss becomes -
    private static string FolderName(string variant) =>
        string.Concat(UnicodeForms.Composed(variant).EnumerateRunes()
            .Select(letter => Rune.IsLetterOrDigit(letter) || IsMark(letter) || letter.Value is '.' or '-' or '_'
                ? Rune.ToLowerInvariant(letter).ToString()
                : "-")).TrimStart('.');

    private static bool IsMark(Rune letter) => Rune.GetUnicodeCategory(letter) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
