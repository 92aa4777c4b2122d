using System.Text.Json;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// Labelled prompts and answers of other guard test sets, a JSON object a line. A row has a text (`prompt`, `question`, `user_input`, `input` or `text`),
/// perhaps an answer (`response`, `answer`, `output` or `completion`), perhaps an image (`image`: a path beside the file or a data URI), and a label; perhaps
/// `category` or `categories` (a name, a list, or an object of yes/no) and `severity` (0..3 or its name). Labels are of the answer where there is one:
/// `response_harm_label`, else `is_unsafe`, `unsafe`, `harmful`, `flagged`, `toxicity`, `is_safe`, `safe`, `is_response_safe`, or `label` with a word such as
/// "unsafe"; of a prompt alone: `prompt_harm_label`, else the same.
/// </summary>
public static class GuardJsonl
{
    private static readonly string[] Texts = ["prompt", "question", "user_input", "input", "text"], Answers = ["response", "answer", "output", "completion"],
        Reasonings = ["reasoning", "reasoning_content"];
    private static readonly string[] UnsafeKeys = ["is_unsafe", "unsafe", "harmful", "flagged", "toxicity"], SafeKeys = ["is_safe", "safe", "is_response_safe"];
    private static readonly string[] UnsafeWords = ["unsafe", "harmful", "yes", "true", "1", "toxic", "flagged", "injection", "jailbreak"];
    private static readonly string[] SafeWords = ["safe", "unharmful", "benign", "no", "false", "0", "harmless", "ok"];

    /// <summary>True where a path is a JSONL file whose rows are not BeaverTails-V's.</summary>
    public static bool Understands(string path)
    {
        if (!File.Exists(path) || Path.GetExtension(path).ToLowerInvariant() is not (".jsonl" or ".ndjson")) return false;
        using JsonDocument? first = Lines(path).Select(line => Parse(path, line.Text, line.Number)).FirstOrDefault();
        return first is not null && first.RootElement.ValueKind == JsonValueKind.Object
            && !first.RootElement.TryGetProperty("messages", out _)
            && !(first.RootElement.TryGetProperty("question", out _) && (first.RootElement.TryGetProperty("response_1", out _)
                || first.RootElement.TryGetProperty("is_response_safe", out _) && first.RootElement.TryGetProperty("image_severity", out _)));
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">A line is no JSON object, has no text or no label, or its image cannot be read; file, line and field are
    /// named.</exception>
    public static IEnumerable<GuardExample> Read(string path)
    {
        foreach ((string text, int number) in Lines(path))
        {
            using JsonDocument document = Parse(path, text, number);
            yield return ReadRow(path, number, document.RootElement);
        }
    }

    private static GuardExample ReadRow(string path, int number, JsonElement row)
    {
        InvalidInputException Bad(string what) => new($"{path}: line {number} {what}.");
        if (row.ValueKind != JsonValueKind.Object) throw Bad("is no JSON object");
        if (row.TryGetProperty("messages", out JsonElement messages) && messages.ValueKind != JsonValueKind.Null)
            throw Bad("holds a conversation, where the first line holds a question; import the file with 'data import'");
        string question = FirstText(row, Texts) ?? throw Bad($"has no text; give one of {string.Join(", ", Texts)}");
        string? answer = FirstText(row, Answers) is { } text ? ReasonedAnswer.Text(FirstText(row, Reasonings), text) : null;
        bool isUnsafe = Label(row, answer is null ? "prompt_harm_label" : "response_harm_label")
            ?? throw Bad($"has no label; give one of {string.Join(", ", UnsafeKeys.Concat(SafeKeys))} or label");
        ModerationImage[] images = row.TryGetProperty("image", out JsonElement image) && image.ValueKind != JsonValueKind.Null
            ? [ReadImage(path, image, Bad)]
            : [];
        Severity? severity = Severity(row, Bad);
        if (severity is { } stated && stated != Guard.Severity.None != isUnsafe)
            throw Bad($"is labelled {(isUnsafe ? "unsafe" : "safe")} with the severity {stated.ToString().ToLowerInvariant()}");
        string[]? categories = Categories(row, Bad);
        return new(new ModerationRequest(images, question, answer), isUnsafe)
        {
            Categories = isUnsafe ? categories : [],
            Severity = isUnsafe ? severity : Guard.Severity.None,
            Topic = categories is [var first, ..] ? first : null,
            Place = $"{path}: line {number}",
        };
    }

    private static ModerationImage ReadImage(string path, JsonElement image, Func<string, InvalidInputException> bad)
    {
        string named = image.ValueKind == JsonValueKind.String ? image.GetString()! : throw bad("has an image that is no text; give a path or a data URI");
        try
        {
            if (!named.StartsWith("data:", StringComparison.Ordinal))
                return new EncodedImage(File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, named)), named);
            return new EncodedImage(Convert.FromBase64String(named[(named.IndexOf(',', StringComparison.Ordinal) + 1)..]), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            throw bad($"names an image that cannot be read ({error.Message.TrimEnd('.')})");
        }
    }

    private static bool? Label(JsonElement row, string first)
    {
        if (row.TryGetProperty(first, out JsonElement own) && Word(own) is { } said) return said;
        foreach (string key in UnsafeKeys) if (row.TryGetProperty(key, out JsonElement value) && Word(value) is { } isUnsafe) return isUnsafe;
        foreach (string key in SafeKeys) if (row.TryGetProperty(key, out JsonElement value) && Word(value) is { } isSafe) return !isSafe;
        return row.TryGetProperty("label", out JsonElement label) ? Word(label) : null;
    }

    private static bool? Word(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when value.TryGetInt32(out int number) && number is 0 or 1 => value.GetInt32() == 1,
        JsonValueKind.String when UnsafeWords.Contains(value.GetString()!.Trim().ToLowerInvariant()) => true,
        JsonValueKind.String when SafeWords.Contains(value.GetString()!.Trim().ToLowerInvariant()) => false,
        _ => null,
    };

    private static Severity? Severity(JsonElement row, Func<string, InvalidInputException> bad)
    {
        if (!row.TryGetProperty("severity", out JsonElement value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number is >= 0 and <= 3) return (Severity)number;
        if (value.ValueKind == JsonValueKind.String && Enum.TryParse(value.GetString(), ignoreCase: true, out Severity named) && Enum.IsDefined(named))
            return named;
        throw bad("has a severity that is not one of 0, 1, 2, 3, none, minor, moderate, severe");
    }

    private static string[]? Categories(JsonElement row, Func<string, InvalidInputException> bad)
    {
        if (!row.TryGetProperty("categories", out JsonElement value) && !row.TryGetProperty("category", out value)) return null;
        return value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                [.. value.EnumerateArray().Select(item => item.GetString()!)],
            JsonValueKind.Object => [.. value.EnumerateObject().Where(property => Word(property.Value) == true).Select(property => property.Name)],
            _ => throw bad("has categories that are neither a name, a list of names, nor an object of yes and no"),
        };
    }

    private static string? FirstText(JsonElement row, string[] keys)
    {
        foreach (string key in keys) if (row.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String) return value.GetString();
        return null;
    }

    private static JsonDocument Parse(string path, string line, int number)
    {
        try
        {
            return JsonLine.Parse(line);
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path}: line {number} {JsonLine.Fault(error)}.", error);
        }
    }

    private static IEnumerable<(string Text, int Number)> Lines(string path)
    {
        IEnumerable<string> lines = DiskErrors.Reading(path, () => File.ReadLines(path));
        return lines.Select((text, index) => (text, index + 1)).Where(line => !string.IsNullOrWhiteSpace(line.text));
    }
}
