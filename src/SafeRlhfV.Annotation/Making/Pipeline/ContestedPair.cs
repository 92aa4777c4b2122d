using System.Text.Json.Serialization;

namespace SafeRlhfV.Annotation;

/// <summary>A pair on which the judge does not agree with itself: a line of contested.jsonl, which <c>data annotate</c> takes.</summary>
internal sealed record ContestedPair(
    [property: JsonPropertyName("question")] string Question, [property: JsonPropertyName("image")] string Image,
    [property: JsonPropertyName("category")] string Category,
    [property: JsonPropertyName("image_severity")] int Severity, [property: JsonPropertyName("response_1")] string Response1,
    [property: JsonPropertyName("response_2")] string Response2,
    [property: JsonPropertyName("response_1_from")] string From1, [property: JsonPropertyName("response_2_from")] string From2);
