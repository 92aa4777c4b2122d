using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>The tokens of an answer in OpenAI's shape, with their details.</summary>
internal static class UsageJson
{
    private static readonly (string Group, string Name)[] Details =
    [
        ("prompt_tokens_details", "cached_tokens"), ("prompt_tokens_details", "audio_tokens"), ("prompt_tokens_details", "text_tokens"),
        ("prompt_tokens_details", "image_tokens"), ("prompt_tokens_details", "multimodal_tokens"), ("prompt_tokens_details", "created_cache_tokens"),
        ("prompt_tokens_details", "cache_write_tokens"),
        ("completion_tokens_details", "reasoning_tokens"), ("completion_tokens_details", "audio_tokens"), ("completion_tokens_details", "text_tokens"),
        ("completion_tokens_details", "image_tokens"), ("completion_tokens_details", "accepted_prediction_tokens"),
        ("completion_tokens_details", "rejected_prediction_tokens"),
        ("", "prompt_cache_hit_tokens"), ("", "prompt_cache_miss_tokens"),
    ];

    public static UsageDetails? Read(JsonNode? usage)
    {
        if (usage is not JsonObject json) return null;
        UsageDetails details = new()
        {
            InputTokenCount = Count(json, "prompt_tokens"),
            OutputTokenCount = Count(json, "completion_tokens"),
            TotalTokenCount = Count(json, "total_tokens"),
        };
        if (details.InputTokenCount is null && details.OutputTokenCount is null && details.TotalTokenCount is null) return null;
        details.TotalTokenCount ??= (details.InputTokenCount ?? 0) + (details.OutputTokenCount ?? 0);
        string? opened = null;
        JsonObject? counts = null;
        foreach ((string group, string name) in Details)
        {
            if (group != opened) (opened, counts) = (group, group.Length == 0 ? json : json[group] as JsonObject);
            if (Count(counts, name) is { } count) (details.AdditionalCounts ??= [])[Key(group, name)] = count;
        }
        return details;
    }

    public static JsonObject Write(UsageDetails usage)
    {
        JsonObject json = new()
        {
            ["prompt_tokens"] = usage.InputTokenCount ?? 0,
            ["completion_tokens"] = usage.OutputTokenCount ?? 0,
            ["total_tokens"] = usage.TotalTokenCount ?? ((usage.InputTokenCount ?? 0) + (usage.OutputTokenCount ?? 0)),
        };
        foreach ((string group, string name) in Details)
        {
            if (usage.AdditionalCounts?.TryGetValue(Key(group, name), out long count) != true) continue;
            if (group.Length == 0) json[name] = count;
            else (json[group] ??= new JsonObject())[name] = count;
        }
        return json;
    }

    /// <summary>A detail by its group and name, such as prompt_tokens_details.cached_tokens; 0 where nobody tells it.</summary>
    public static long Detail(UsageDetails? usage, string name) => usage?.AdditionalCounts?.GetValueOrDefault(name) ?? 0;

    private static string Key(string group, string name) => group.Length == 0 ? name : $"{group}.{name}";

    private static long? Count(JsonObject? json, string name) =>
        json?[name] is JsonValue value && value.TryGetValue(out long count) && count >= 0 ? count : null;
}
