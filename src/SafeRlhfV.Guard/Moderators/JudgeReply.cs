using System.ComponentModel;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Guard;

/// <summary>What a judging chat model must answer; a missing part makes the answer unreadable, and so blocks.</summary>
internal sealed record JudgeReply
{
    [JsonPropertyName("unsafe"), JsonRequired, Description("true if the content is unsafe")]
    public bool Unsafe { get; init; }

    [JsonPropertyName("probability"), JsonRequired, Description("the probability, 0 to 1, that the content is unsafe")]
    public double Probability { get; init; }

    [JsonPropertyName("severity"), JsonRequired, Description("none, minor, moderate or severe")]
    public string Severity { get; init; } = "";

    [JsonPropertyName("categories"), JsonRequired, Description("the names of the categories that the content falls under; empty if it is safe")]
    public string[] Categories { get; init; } = [];

    [JsonPropertyName("reason"), Description("one sentence")]
    public string? Reason { get; init; }
}
