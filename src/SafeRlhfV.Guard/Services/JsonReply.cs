using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Guard;

/// <summary>
/// Reads a model's typed JSON answer strictly: every required part must be there, with its type. A code fence or words around the one object are forgiven.
/// </summary>
public static class JsonReply
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.Strict,
        AllowDuplicateProperties = false, // two answers are none
        MaxDepth = 16,
    };

    /// <summary>False where the text holds no such answer.</summary>
    public static bool TryRead<T>(string? text, [NotNullWhen(true)] out T? reply) where T : class
    {
        reply = null;
        int start = text?.IndexOf('{') ?? -1, end = text?.LastIndexOf('}') ?? -1;
        if (start < 0 || end < start) return false;
        try
        {
            reply = JsonSerializer.Deserialize<T>(text.AsSpan(start, end - start + 1), Json);
        }
        catch (JsonException)
        {
            return false;
        }
        return reply is not null;
    }
}
