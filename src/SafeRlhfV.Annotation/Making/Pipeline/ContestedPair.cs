using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Annotation;

/// <summary>A pair on which the judge does not agree with itself: a line of contested.jsonl, which <c>data annotate</c> takes.</summary>
internal sealed record ContestedPair(
    [property: JsonPropertyName("question")] string Question, [property: JsonPropertyName("image")] string Image,
    [property: JsonPropertyName("category")] string Category,
    [property: JsonPropertyName("image_severity")] int Severity, [property: JsonPropertyName("response_1")] string Response1,
    [property: JsonPropertyName("response_2")] string Response2,
    [property: JsonPropertyName("response_1_from")] string From1, [property: JsonPropertyName("response_2_from")] string From2)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The lines of contested.jsonl.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="images">The folder that their images' paths begin at.</param>
    public static string Lines(IEnumerable<ContestedPair> pairs, string images) => string.Concat(pairs.Select(pair =>
        JsonSerializer.Serialize(pair with { Image = Path.GetFullPath(Path.Combine(images, pair.Image)) }, Json) + "\n"));
}
