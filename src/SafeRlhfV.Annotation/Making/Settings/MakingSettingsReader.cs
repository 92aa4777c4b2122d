namespace SafeRlhfV.Annotation;

/// <summary>
/// Reads the YAML file of <c>data make</c>; recipes/data-make.yaml shows every key. Keys of services stand in environment variables that the file names.
/// </summary>
public static class MakingSettingsReader
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">It cannot be read or has faults; all of them are named with their lines.</exception>
    public static MakingSettings Load(string path)
    {
        return DiskErrors.Reading(path, () => Parse(File.ReadAllText(path), path), "give the path of a file such as recipes/data-make.yaml");
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">It has faults; all of them are named with their lines.</exception>
    public static MakingSettings Parse(string yaml, string source = "settings") => YamlSection.Read(yaml, source, Read);

    private static MakingSettings Read(YamlSection section)
    {
        Dictionary<string, ChatModelSettings> models = ServiceSettingsReader.Models(section, "name at least two models");
        YamlSection? questions = ServiceSettingsReader.Needed(section, "questions"), answers = ServiceSettingsReader.Needed(section, "answers");
        YamlSection? judge = ServiceSettingsReader.Needed(section, "judge");
        MakingSettings standard = new()
        {
            Asker = ServiceSettingsReader.Named(questions, "model", models),
            Categories = Categories(questions),
            Answerers = Answerers(answers, models),
            Judging = ServiceSettingsReader.Judging(section, judge, models),
        };
        return standard with
        {
            Severities = Severities(questions) ?? standard.Severities,
            QuestionsPerImage = questions?.Whole("per_image", 1, 20) ?? standard.QuestionsPerImage,
            PairsPerQuestion = Pairs(answers, standard.Answerers.Count) ?? standard.PairsPerQuestion,
        };
    }

    private static IReadOnlyList<ChatModelSettings> Answerers(YamlSection? section, Dictionary<string, ChatModelSettings> models)
    {
        IReadOnlyList<string> names = section?.Texts("models") ?? [];
        if (section is not null && names.Distinct().Count() < 2) section.Fault("models", "name at least two models that answer");
        foreach (string name in names.Where(name => !models.ContainsKey(name))) section!.Fault("models", $"there is no model '{name}'");
        return [.. names.Distinct().Where(models.ContainsKey).Select(name => models[name])];
    }

    private static IReadOnlyList<string> Categories(YamlSection? section)
    {
        IReadOnlyList<string> named = section?.Texts("categories") ?? [];
        foreach (string name in named.Where(name => Taxonomy.IndexOf(name) < 0))
            section!.Fault("categories", $"'{name}' is not one of {string.Join(", ", Taxonomy.Categories)}");
        return [.. named.Distinct()];
    }

    private static IReadOnlyList<int>? Severities(YamlSection? section)
    {
        IReadOnlyList<string> named = section?.Texts("severities") ?? [];
        foreach (string severity in named.Where(severity => severity is not ("1" or "2" or "3")))
            section!.Fault("severities", $"'{severity}' must be 1, 2 or 3");
        return named.Count == 0 ? null : [.. named.Where(severity => severity is "1" or "2" or "3").Distinct().Select(int.Parse)];
    }

    private static int? Pairs(YamlSection? section, int models)
    {
        if (section?.Whole("pairs", 1, 1000) is not { } pairs) return null;
        int most = models * (models - 1) / 2;
        if (models > 1 && pairs > most) section.Fault("pairs", $"{models} models make {most} pairs, not {pairs}");
        return pairs;
    }
}
