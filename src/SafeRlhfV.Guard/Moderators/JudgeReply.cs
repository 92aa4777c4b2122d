using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Guard;

/// <summary>What a judging chat model must answer; a missing part makes the answer unreadable, and so blocks.</summary>
internal sealed record JudgeReply
{
    [JsonPropertyName("unsafe"), JsonRequired]
    public bool Unsafe { get; init; }

    [JsonPropertyName("probability"), JsonRequired]
    public double Probability { get; init; }

    [JsonPropertyName("severity"), JsonRequired]
    public string Severity { get; init; } = "";

    [JsonPropertyName("categories"), JsonRequired]
    public string[] Categories { get; init; } = [];

    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    /// <summary>The schema that is sent with a question.</summary>
    public static JsonObject Schema(IReadOnlyCollection<string> categories) => ReplySchema.Object(
        ("unsafe", ReplySchema.Flag("true if the content is unsafe")),
        ("probability", ReplySchema.Number("the probability that the content is unsafe", 0, 1)),
        ("severity", ReplySchema.Choice("none exactly if the content is safe", Enum.GetNames<Severity>().Select(name => name.ToLowerInvariant()))),
        ("categories", ReplySchema.List("the categories that the content falls under; empty if it is safe", ReplySchema.Choice("a category", categories),
            categories.Count)),
        ("reason", ReplySchema.Text("one sentence", 500)));
}
