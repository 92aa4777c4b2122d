using System.Text.Json;

namespace SafeRlhfV.Core;

/// <summary>
/// A line of a JSONL file, or a JSON document, read so that no object may have a name twice: of two values each reader would take another, and none would tell.
/// </summary>
public static class JsonLine
{
    private const string Repeated = "Duplicate property '", After = "' encountered";

    /// <summary>How documents and nodes are parsed.</summary>
    public static JsonDocumentOptions Options { get; } = new() { AllowDuplicateProperties = false };

    /// <summary>Parses a line.</summary>
    /// <exception cref="JsonException">It is no JSON, or an object in it has a name twice (<see cref="RepeatedName"/>).</exception>
    public static JsonDocument Parse(string line) => JsonDocument.Parse(line, Options);

    /// <summary>The name that an object has twice, where that is the error (a long one is cut and ends in dots); else null.</summary>
    /// <param name="error">What parsing threw.</param>
    public static string? RepeatedName(JsonException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        int end = error.Message.LastIndexOf(After, StringComparison.Ordinal);
        return error.Message.StartsWith(Repeated, StringComparison.Ordinal) && end >= Repeated.Length ? error.Message[Repeated.Length..end] : null;
    }

    /// <summary>Reads a line as an object of a type.</summary>
    /// <param name="line">The line.</param>
    /// <param name="options">How; they must not allow names twice.</param>
    /// <param name="place">The file and line, for messages.</param>
    /// <param name="wanted">What the line is not where it cannot be read, such as "is no answer; each line needs ...".</param>
    /// <exception cref="InvalidInputException">It cannot be read, or has a name twice.</exception>
    public static T Read<T>(string line, JsonSerializerOptions options, string place, string wanted)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, options) ?? throw new JsonException("null");
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{place} {(RepeatedName(error) is null ? wanted : Fault(error))}.", error);
        }
    }

    /// <summary>What is wrong with a line, to stand after its place: "is not JSON (...)", or "has 'name' more than once; keep one".</summary>
    /// <param name="error">What parsing threw.</param>
    public static string Fault(JsonException error) => RepeatedName(error) is { } name ? $"has '{name}' more than once; keep one"
        : $"is not JSON ({error.Message.Split(" LineNumber:")[0].Split(" Path:")[0].TrimEnd('.')})";
}
