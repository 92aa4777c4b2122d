using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

/// <summary>The conversations of a reference case, in either of the two forms that the reference data use, with their images.</summary>
internal sealed class GoldenPrompts
{
    private GoldenPrompts(IReadOnlyList<IReadOnlyList<ChatTurn>> turns, IReadOnlyList<string?> responses, IReadOnlyList<string> rendered) =>
        (Turns, Responses, Rendered) = (turns, responses, rendered);

    /// <summary>One conversation a row, up to the answer.</summary>
    public IReadOnlyList<IReadOnlyList<ChatTurn>> Turns { get; }

    /// <summary>The answers, where the case has them.</summary>
    public IReadOnlyList<string?> Responses { get; }

    /// <summary>The text that the reference rendered for each row.</summary>
    public IReadOnlyList<string> Rendered { get; }

    /// <summary>Folders of models whose family is known here.</summary>
    public static IEnumerable<string> Folders() => Directory.GetDirectories(Golden.At("models")).Order(StringComparer.Ordinal)
        .Where(folder => File.Exists(Path.Combine(folder, "config.json"))
            && ModelFamilies.Find(ConfigReader.Open(Path.Combine(folder, "config.json")).Text("model_type")) is not null);

    /// <summary>Reads a case; null if it holds no conversations.</summary>
    public static GoldenPrompts? Read(JsonElement json)
    {
        if (json.TryGetProperty("samples", out JsonElement samples))
        {
            List<JsonElement> list = [.. samples.EnumerateArray()];
            return new(
                [.. list.Select(sample => GoldenChat.Turns(sample.GetProperty("messages"),
                    Images(sample.GetProperty("images"), ImageDecodeOptions.Converted)))],
                [.. list.Select(sample => sample.TryGetProperty("response", out JsonElement response) ? response.GetString() : null)],
                [.. json.GetProperty("rendered").EnumerateArray().Select(text => text.GetString()!)]);
        }
        if (!json.TryGetProperty("messages", out JsonElement messages)) return null;
        ImageDecodeOptions options = json.TryGetProperty("loader", out JsonElement loader) && loader.GetString() == "pil"
            ? ImageDecodeOptions.Opened
            : ImageDecodeOptions.FromPath;
        IReadOnlyList<ChatTurn>[] turns =
            [.. messages.EnumerateArray().Zip(json.GetProperty("images").EnumerateArray(), (row, images) => GoldenChat.Turns(row, Images(images, options)))];
        return new(
            [.. turns.Select(row => row[^1].Role == ChatRole.Assistant ? [.. row.SkipLast(1)] : row)],
            [.. turns.Select(row => row[^1].Role == ChatRole.Assistant ? ((TextPart)row[^1].Parts[0]).Text : null)],
            [.. json.GetProperty("prompt").EnumerateArray().Select(text => text.GetString()!)]);
    }

    /// <summary>A copy of a model's settings without weights, in which the image processor's fields are changed.</summary>
    public static void CopySettings(string from, string to, JsonElement changes)
    {
        foreach (string file in Directory.EnumerateFiles(from).Where(file => Path.GetExtension(file) is ".json" or ".jinja" or ".txt"))
        {
            string target = Path.Combine(to, Path.GetFileName(file));
            JsonObject? processor = null, root = null;
            if (Path.GetFileName(file) is "preprocessor_config.json" or "processor_config.json")
            {
                root = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
                processor = root["image_processor"] as JsonObject ?? (root.ContainsKey("image_processor_type") ? root : null);
            }
            if (processor is null)
            {
                File.WriteAllBytes(target, File.ReadAllBytes(file));
                continue;
            }
            foreach (JsonProperty change in changes.EnumerateObject())
            {
                if (processor["size"] is JsonObject size && change.Name is "min_pixels" or "max_pixels")
                    ((JsonObject)processor["size"]!)[change.Name == "min_pixels" ? "shortest_edge" : "longest_edge"] =
                        JsonNode.Parse(change.Value.GetRawText());
                else processor[change.Name] = JsonNode.Parse(change.Value.GetRawText());
            }
            File.WriteAllText(target, root!.ToJsonString());
        }
    }

    private static Queue<RgbImage> Images(JsonElement names, ImageDecodeOptions options) =>
        new(names.EnumerateArray().Select(name => ImageDecoder.Decode(File.ReadAllBytes(Golden.At("images", name.GetString()!)), options)));
}
