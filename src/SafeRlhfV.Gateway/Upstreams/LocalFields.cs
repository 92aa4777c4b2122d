using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The fields of a request that a checkpoint on this machine honours. Whatever else would change an answer is refused, so that nobody believes it was.
/// </summary>
internal static class LocalFields
{
    // What the model or the gateway reads, and what only a service's accounting reads.
    private static readonly FrozenSet<string> Honoured = FrozenSet.ToFrozenSet(
    [
        "model", "messages", "stream", "stream_options", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "stop", "modalities",
        "moderation", "store", "metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier",
        "request_id", "cache_salt", "priority", "prediction", "parallel_tool_calls",
    ]);

    // Values that ask for nothing else than what a checkpoint does anyway.
    private static readonly FrozenDictionary<string, string> Neutral = new Dictionary<string, string>
    {
        ["n"] = "1",
        ["best_of"] = "1",
        ["min_tokens"] = "0",
        ["min_p"] = "0",
        ["typical_p"] = "1",
        ["frequency_penalty"] = "0",
        ["presence_penalty"] = "0",
        ["repetition_penalty"] = "1",
        ["no_repeat_ngram_size"] = "0",
        ["length_penalty"] = "1",
        ["use_beam_search"] = "false",
        ["early_stopping"] = "false",
        ["include_stop_str_in_output"] = "false",
        ["ignore_eos"] = "false",
        ["logprobs"] = "false",
        ["top_logprobs"] = "0",
        ["echo"] = "false",
        ["return_tokens_as_token_ids"] = "false",
        ["return_token_ids"] = "false",
        ["return_prompt_text"] = "false",
        ["skip_special_tokens"] = "true",
        ["spaces_between_special_tokens"] = "true",
        ["add_generation_prompt"] = "true",
        ["continue_final_message"] = "false",
        ["add_special_tokens"] = "false",
        ["include_reasoning"] = "true",
        ["tool_choice"] = "\"none\"",
        ["function_call"] = "\"none\"",
        ["response_format"] = """{"type":"text"}""",
        ["verbosity"] = "\"medium\"",
    }.ToFrozenDictionary();

    /// <summary>The name of the first field that cannot be honoured, or null.</summary>
    public static string? FindUnhonoured(JsonObject body) =>
        body.FirstOrDefault(field => !Honoured.Contains(field.Key) && !IsNothing(field.Value) && !IsNeutral(field.Key, field.Value!)).Key;

    private static bool IsNothing(JsonNode? value) => value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 };

    private static bool IsNeutral(string name, JsonNode value)
    {
        if (!Neutral.TryGetValue(name, out string? neutral)) return false;
        return value is JsonValue number && number.TryGetValue(out double real) && double.TryParse(neutral, out double wanted)
            ? real == wanted
            : JsonNode.DeepEquals(value, JsonNode.Parse(neutral));
    }
}
