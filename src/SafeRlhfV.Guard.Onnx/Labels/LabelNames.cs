using System.Text.Json;
using System.Text.RegularExpressions;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>Finds the names of a model's labels.</summary>
internal static partial class LabelNames
{
    /// <summary>Names by id2label of config.json.</summary>
    /// <param name="config">The file.</param>
    /// <param name="isMapped">Whether the user says what each label means, so that names that say nothing will do.</param>
    /// <exception cref="InvalidInputException">A number is missing or a name is there twice, or the names say nothing.</exception>
    public static IReadOnlyList<string> OfConfig(ConfigReader config, bool isMapped)
    {
        ConfigReader listed = config.Section("id2label") ?? throw config.Error("id2label", "is missing: nothing says what the model's numbers mean");
        SortedDictionary<int, string> names = [];
        foreach (JsonProperty entry in listed.Element.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, out int id) || id < 0 || entry.Value.ValueKind != JsonValueKind.String)
                throw listed.Error(entry.Name, "must be a number with a name");
            if (!names.TryAdd(id, entry.Value.GetString()!)) throw listed.Error(entry.Name, "is there twice");
        }
        int gap = names.Keys.TakeWhile((id, i) => id == i).Count();
        if (names.Count == 0 || gap < names.Count) throw config.Error("id2label", $"lacks the number {gap}");
        if (names.Values.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw config.Error("id2label", $"gives two numbers the name '{twice.Key}'");
        if (!isMapped && names.All(pair => pair.Value == $"LABEL_{pair.Key}"))
            throw config.Error("id2label", "names only LABEL_0, LABEL_1, ..., which says nothing; give a labels.yaml that says what each means");
        return [.. names.Values];
    }

    /// <summary>Names of a detector: labels.json (a list), or `names` in the model's metadata, which Ultralytics writes as a Python dictionary.</summary>
    /// <exception cref="InvalidInputException">There are none, or the two disagree.</exception>
    public static IReadOnlyList<string> OfDetector(string folder, OnnxFile file)
    {
        string path = Path.Combine(folder, "labels.json");
        IReadOnlyList<string>? listed = File.Exists(path) ? OfList(path) : null, stored = file.Metadata.TryGetValue("names", out string? text)
            ? OfPython(text, file.Path)
            : null;
        if (listed is not null && stored is not null && !listed.SequenceEqual(stored))
            throw new InvalidInputException($"{path}: names other labels than the model's own metadata; delete what is out of date.");
        IReadOnlyList<string> names = listed ?? stored
            ?? throw new InvalidInputException($"{folder}: nothing names the detector's labels; give labels.json, a list of their names.");
        if (names.Count == 0 || names.Distinct().Count() < names.Count)
            throw new InvalidInputException($"{(listed is null ? file.Path : path)}: the detector's labels must have a name each, all different.");
        return names;
    }

    private static List<string> OfList(string path)
    {
        try
        {
            return DiskErrors.Reading(path, () => JsonSerializer.Deserialize<List<string>>(File.ReadAllBytes(path)))
                ?? throw new InvalidInputException($"{path}: must be a list of names.");
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path}: must be a list of names ({ErrorText.FirstLine(error).TrimEnd('.')}).", error);
        }
    }

    // {0: 'FACE', 1: "HAND"}
    private static List<string> OfPython(string text, string path)
    {
        List<string> names = [];
        foreach (Match entry in PythonEntry().Matches(text))
        {
            if (int.Parse(entry.Groups["id"].Value, System.Globalization.CultureInfo.InvariantCulture) != names.Count)
                throw new InvalidInputException($"{path}: the names in its metadata do not count up from 0.");
            names.Add(entry.Groups["name"].Value.Replace(@"\'", "'", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal));
        }
        return PythonEntry().Replace(text, "").Trim('{', '}', ',', ' ').Length == 0
            ? names
            : throw new InvalidInputException($"{path}: the names in its metadata cannot be read; give labels.json.");
    }

    [GeneratedRegex("""(?<id>\d{1,6}):\s*(?<quote>['"])(?<name>(?:\\.|(?!\k<quote>).)*)\k<quote>\s*,?\s*""")]
    private static partial Regex PythonEntry();
}
