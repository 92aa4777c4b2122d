using System.Text.Json.Nodes;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Cli;

/// <summary>The answers to a benchmark in a result's folder, with the settings that they were made under: one file, or one a shard.</summary>
internal static class AnswerFiles
{
    /// <summary>Reads the answers.</summary>
    /// <param name="folder">The benchmark's folder in a result.</param>
    /// <exception cref="InvalidInputException">There are none, one is damaged, or shards are of different models, data or settings.</exception>
    public static AnswerSet Read(string folder)
    {
        CommonSettings(folder);
        return AnswerSet.Read(folder);
    }

    /// <summary>The settings of the answers; empty where nothing is known of them.</summary>
    /// <exception cref="InvalidInputException">Shards are of different models, data or settings.</exception>
    public static JsonObject CommonSettings(string folder)
    {
        if (!Directory.Exists(folder)) return [];
        string? first = null;
        JsonObject? common = null;
        foreach (string file in Directory.EnumerateFiles(folder, "answers*.jsonl.settings").Order(StringComparer.Ordinal))
        {
            JsonObject settings = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
            settings.Remove("shard");
            if (common is not null && common.Select(pair => pair.Key).Union(settings.Select(pair => pair.Key))
                .FirstOrDefault(key => !JsonNode.DeepEquals(common[key], settings[key])) is { } key)
                throw new InvalidInputException($"{folder}: {Path.GetFileName(first)} and {Path.GetFileName(file)} differ in {key}; "
                    + "shards of one result need the same model, data and settings.");
            (common, first) = (common ?? settings, first ?? file);
        }
        return common ?? [];
    }

    /// <summary>Who answered, as the settings say; empty where they do not.</summary>
    public static string ModelOf(JsonObject settings) => (string?)settings["adapter"] ?? (string?)settings["model"] ?? "";
}
