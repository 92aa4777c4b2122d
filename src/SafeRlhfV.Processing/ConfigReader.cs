using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Processing;

/// <summary>Typed access to one object of a JSON configuration file; every fault names the file and the field.</summary>
public sealed class ConfigReader
{
    private const long MaxFileBytes = 16 << 20;

    private readonly JsonElement element;
    private readonly string file, path;

    private ConfigReader(JsonElement element, string file, string path) => (this.element, this.file, this.path) = (element, file, path);

    /// <summary>The object itself.</summary>
    public JsonElement Element => element;

    /// <summary>Reads a file whose root is an object.</summary>
    /// <exception cref="InvalidInputException">It is missing, too large, too deep or no JSON object.</exception>
    public static ConfigReader Open(string file)
    {
        if (!File.Exists(file)) throw new InvalidInputException($"{file}: no such file.");
        if (FileSize.Of(file) > MaxFileBytes) throw new InvalidInputException($"{file}: larger than {MaxFileBytes >> 20} MiB.");
        return DiskErrors.Reading(file, () => Parse(File.ReadAllBytes(file), file));
    }

    /// <summary>Parses JSON text whose root is an object; <paramref name="file"/> names it in errors.</summary>
    public static ConfigReader Parse(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json,
                new JsonDocumentOptions { MaxDepth = 64, CommentHandling = JsonCommentHandling.Skip, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new InvalidInputException($"{file}: the root is not a JSON object.");
            CheckTexts(json.Span);
            return new ConfigReader(document.RootElement.Clone(), file, "");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"{file}: not valid JSON ({error.Message.Split('\n')[0]}).", error);
        }
    }

    /// <summary>True if the field is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>An error about a field, with its file and path.</summary>
    public InvalidInputException Error(string name, string what) => new($"{file}: {path}{name} {what}.");

    /// <summary>The same object with some fields set anew; itself if there are none.</summary>
    public ConfigReader With(JsonObject? overrides)
    {
        if (overrides is null || overrides.Count == 0) return this;
        JsonObject merged = JsonObject.Create(element)!;
        foreach ((string name, JsonNode? value) in overrides) merged[name] = value?.DeepClone();
        return new ConfigReader(JsonSerializer.SerializeToElement(merged), file, path);
    }

    /// <summary>The object in a field; null if the field is missing or null.</summary>
    public ConfigReader? Section(string name) => Find(name) is not { } found ? null
        : found.ValueKind == JsonValueKind.Object ? new ConfigReader(found, file, $"{path}{name}.") : throw Error(name, "must be an object");

    /// <summary>The objects in a list; null if the field is missing or null.</summary>
    public IReadOnlyList<ConfigReader>? Sections(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Array) throw Error(name, "must be a list of objects");
        List<ConfigReader> sections = [];
        foreach (JsonElement item in found.EnumerateArray())
            sections.Add(item.ValueKind == JsonValueKind.Object
                ? new ConfigReader(item, file, $"{path}{name}[{sections.Count}].")
                : throw Error(name, "must be a list of objects"));
        return sections;
    }

    /// <summary>A whole number of at least <paramref name="least"/>; the default if the field is missing or null.</summary>
    public int Int(string name, int? fallback = null, int least = 1, int most = 1 << 24)
    {
        if (Find(name) is not { } found) return fallback ?? throw Error(name, "is missing");
        return found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out int value) && value >= least && value <= most
            ? value : throw Error(name, $"must be a whole number from {least} to {most}");
    }

    /// <summary>A finite number.</summary>
    public double Number(string name, double? fallback = null)
    {
        if (Find(name) is not { } found) return fallback ?? throw Error(name, "is missing");
        return found.ValueKind == JsonValueKind.Number && found.TryGetDouble(out double value) && double.IsFinite(value)
            ? value
            : throw Error(name, "must be a finite number");
    }

    /// <summary>true or false.</summary>
    public bool Flag(string name, bool fallback)
    {
        if (Find(name) is not { } found) return fallback;
        return found.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => throw Error(name, "must be true or false") };
    }

    /// <summary>Text.</summary>
    public string Text(string name, string? fallback = null)
    {
        if (Find(name) is not { } found) return fallback ?? throw Error(name, "is missing");
        return found.ValueKind == JsonValueKind.String ? found.GetString()! : throw Error(name, "must be text");
    }

    /// <summary>A list of whole numbers; a single number counts as a list of one. Null if missing.</summary>
    public IReadOnlyList<int>? Ints(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out int single)) return [single];
        if (found.ValueKind != JsonValueKind.Array) throw Error(name, "must be a list of whole numbers");
        List<int> values = [];
        foreach (JsonElement item in found.EnumerateArray())
            values.Add(item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int value)
                ? value
                : throw Error(name, "must be a list of whole numbers"));
        return values;
    }

    /// <summary>A list of finite numbers; null if missing.</summary>
    public IReadOnlyList<double>? Numbers(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Array) throw Error(name, "must be a list of numbers");
        List<double> values = [];
        foreach (JsonElement item in found.EnumerateArray())
            values.Add(item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double value) && double.IsFinite(value)
                ? value
                : throw Error(name, "must be a list of finite numbers"));
        return values;
    }

    /// <summary>The first of a list of whole numbers; null if it is missing or empty.</summary>
    public int? FirstInt(string name) => Ints(name) is [int first, ..] ? first : null;

    /// <summary>A list of texts; null if missing.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Array) throw Error(name, "must be a list of texts");
        List<string> values = [];
        foreach (JsonElement item in found.EnumerateArray())
            values.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Error(name, "must be a list of texts"));
        return values;
    }

    /// <summary>A list of pairs of whole numbers; null if missing.</summary>
    public IReadOnlyList<(int First, int Second)>? Pairs(string name)
    {
        if (Find(name) is not { } found) return null;
        List<(int, int)> values = [];
        if (found.ValueKind != JsonValueKind.Array) throw Error(name, "must be a list of pairs");
        foreach (JsonElement item in found.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 2 || item[0].ValueKind != JsonValueKind.Number
                || item[1].ValueKind != JsonValueKind.Number
                || !item[0].TryGetInt32(out int first) || !item[1].TryGetInt32(out int second)) throw Error(name, "must be a list of pairs of whole numbers");
            values.Add((first, second));
        }
        return values;
    }

    // half a surrogate pair is valid JSON, but no text: it would only be found out when the text is asked for
    private static void CheckTexts(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 64, CommentHandling = JsonCommentHandling.Skip });
        while (reader.Read())
            if (reader.ValueIsEscaped) _ = reader.GetString();
    }

    private JsonElement? Find(string name)
    {
        if (!element.TryGetProperty(name, out JsonElement found) || found.ValueKind == JsonValueKind.Null) return null;
        return found;
    }
}
