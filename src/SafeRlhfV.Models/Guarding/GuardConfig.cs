using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>guard_config.json of a guard's folder: the order of its outputs, its temperatures and cut-offs, and what it was trained to judge.</summary>
public sealed record GuardConfig
{
    /// <summary>The file's name in a checkpoint folder.</summary>
    public const string FileName = "guard_config.json";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    /// <summary>Each head's temperature.</summary>
    public GuardTemperatures Temperatures { get; init; } = new();

    /// <summary>Where a probability becomes a verdict.</summary>
    public GuardCutoffs Cutoffs { get; init; } = new();

    /// <summary>It was trained on questions alone too; otherwise it judges answers only.</summary>
    public bool JudgesPrompts { get; init; } = true;

    /// <summary>How temperatures and cut-offs were found, in words; null for those of a new guard.</summary>
    public string? Calibration { get; init; }

    /// <summary>Reads the file of a guard's folder.</summary>
    /// <exception cref="InvalidInputException">It is missing or malformed, or the outputs stand in another order than this program's.</exception>
    public static GuardConfig Load(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            throw new InvalidInputException($"{folder}: there is no {FileName}; this is no "
                + $"guard{(ModelKinds.Of(folder) is { } kind ? $" but {ModelKinds.Name(kind)}" : "")}. 'train guard' writes one.");
        ConfigReader reader = ConfigReader.Open(file);
        if (reader.Texts("categories") is not { } categories || !categories.SequenceEqual(GuardHeads.Categories))
            throw reader.Error("categories", $"must be the {GuardHeads.Categories.Count} categories of BeaverTails-V in this program's order");
        if (reader.Texts("severities") is not { } severities || !severities.SequenceEqual(GuardHeads.Severities))
            throw reader.Error("severities", $"must be {string.Join(", ", GuardHeads.Severities)}");
        ConfigReader? temperatures = reader.Section("temperatures"), cutoffs = reader.Section("thresholds");
        return new GuardConfig
        {
            Temperatures = new GuardTemperatures(Temperature(temperatures, "verdict"), Temperature(temperatures, "category"),
                Temperature(temperatures, "severity")),
            Cutoffs = new GuardCutoffs
            {
                Prompt = Share(cutoffs, "prompt"),
                Answer = Share(cutoffs, "answer"),
                Category = Share(cutoffs, "category"),
                Categories = OwnCutoffs(cutoffs?.Section("categories")),
            },
            JudgesPrompts = reader.Flag("judges_prompts", true),
            Calibration = reader.Has("calibration") ? reader.Text("calibration") : null,
        };
    }

    /// <summary>Writes the file into a folder; the old one stays until the new one is whole.</summary>
    public void Save(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), ToJson());

    /// <summary>The file's text.</summary>
    public string ToJson()
    {
        JsonObject thresholds = new() { ["prompt"] = Cutoffs.Prompt, ["answer"] = Cutoffs.Answer, ["category"] = Cutoffs.Category };
        if (Cutoffs.Categories.Count > 0)
            thresholds["categories"] = new JsonObject(Cutoffs.Categories.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        JsonObject root = new()
        {
            ["categories"] = new JsonArray([.. GuardHeads.Categories.Select(name => (JsonNode)name)]),
            ["severities"] = new JsonArray([.. GuardHeads.Severities.Select(name => (JsonNode)name)]),
            ["temperatures"] = new JsonObject
            {
                ["verdict"] = Temperatures.Verdict,
                ["category"] = Temperatures.Category,
                ["severity"] = Temperatures.Severity
            },
            ["thresholds"] = thresholds,
            ["judges_prompts"] = JudgesPrompts,
        };
        if (Calibration is not null) root["calibration"] = Calibration;
        return root.ToJsonString(Indented) + "\n";
    }

    private static double Temperature(ConfigReader? section, string name)
    {
        double value = section?.Number(name, 1) ?? 1;
        return value > 0 ? value : throw section!.Error(name, "must be above 0");
    }

    private static double Share(ConfigReader? section, string name)
    {
        double value = section?.Number(name, 0.5) ?? 0.5;
        return value is >= 0 and <= 1 ? value : throw section!.Error(name, "must lie from 0 to 1");
    }

    private static Dictionary<string, double> OwnCutoffs(ConfigReader? section)
    {
        Dictionary<string, double> own = [];
        foreach (JsonProperty property in section?.Element.EnumerateObject() ?? default)
            own[property.Name] = GuardHeads.Categories.Contains(property.Name)
                ? Share(section, property.Name)
                : throw section!.Error(property.Name, "is no category");
        return own;
    }
}
