using System.Collections.Frozen;
using static SafeRlhfV.Gateway.FieldUse;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Every field of a Chat Completions request that the gateway knows: those of OpenAI's types, of vLLM's, and what clients add. What is not here is refused.
/// docs/gateway-fields.md shows the same table.
/// </summary>
internal static class RequestFields
{
    /// <summary>What is said of names by which a service tells callers apart.</summary>
    public const string Hashed = "; with data that the policy redacts in it, its SHA-256 goes to the model";

    /// <summary>What is said of the member <c>moderation</c>.</summary>
    public const string Moderation = "asks for the guard's verdicts in the answer; block on a side refuses all that is flagged there, score changes nothing";
    private const string Program = "a template is a program that can write any text";
    private const string Unseen = "brings content that never passes the gateway";
    private const string Pixels = "changes the image that the model sees after it was judged";

    public static IReadOnlyList<RequestField> All { get; } =
    [
        // the conversation
        new("model", Judged, "chooses the route; a name from the settings"),
        new("messages", Opened, "the conversation"),
        Words("messages[].role", "", "system", "developer", "user", "assistant", "tool", "function"),
        new("messages[].content", Opened, "a text, or parts") { MayBeText = true },
        Words("messages[].content[].type", "sound, files and video cannot be judged", "text", "image_url", "refusal", "thinking"),
        new("messages[].content[].text", Judged, "the text of a part"),
        new("messages[].content[].refusal", Judged, "an earlier refusal"),
        new("messages[].content[].thinking", Judged, "earlier reasoning"),
        new("messages[].content[].image_url", Opened, "an image") { IsObject = true },
        new("messages[].content[].image_url.url", Judged, "judged as an image; the model gets the bytes that were judged"),
        Words("messages[].content[].image_url.detail", "", "auto", "low", "high", "original"),
        new("messages[].content[].annotations", Judged, "sources of an earlier answer"),
        new("messages[].content[].role", Stripped, "what OpenAI's Agents put into a part of the message that it came from"),
        new("messages[].content[].tool_calls", Stripped, "what OpenAI's Agents put into a part of the message that it came from"),
        new("messages[].content[].function_call", Stripped, "what OpenAI's Agents put into a part of the message that it came from"),
        new("messages[].content[].reasoning", Stripped, "what OpenAI's Agents put into a part of the message that it came from"),
        new("messages[].content[].reasoning_content", Stripped, "what OpenAI's Agents put into a part of the message that it came from"),
        new("messages[].content[].cache_control", Judged, "marks the prompt's cache"),
        new("messages[].content[].prompt_cache_breakpoint", Judged, "marks the prompt's cache"),
        new("messages[].content[].uuid", Refused, "names an image in the service's cache, which may be another than the one that is judged"),
        new("messages[].name", Judged, "who speaks"),
        new("messages[].refusal", Judged, "an earlier refusal"),
        new("messages[].tool_calls", Judged, "earlier calls; arguments are opened, whatever they are escaped with"),
        new("messages[].tool_call_id", Judged, "which call a result belongs to"),
        new("messages[].function_call", Judged, "an earlier call, in its old form; arguments are opened"),
        new("messages[].reasoning", Judged, "earlier reasoning"),
        new("messages[].reasoning_content", Judged, "earlier reasoning"),
        new("messages[].reasoning_details", Judged, "earlier reasoning"),
        new("messages[].thinking", Judged, "earlier reasoning"),
        new("messages[].thinking_blocks", Judged, "earlier reasoning"),
        new("messages[].annotations", Judged, "sources of an earlier answer"),
        new("messages[].parsed", Judged, "what a client has read out of an earlier answer"),
        new("messages[].provider_specific_fields", Judged, "what a proxy has added to an earlier answer"),
        new("messages[].extra_content", Judged, "what a service has added to an earlier answer"),
        new("messages[].cache_control", Judged, "marks the prompt's cache"),
        new("messages[].prefix", Flag, "the message is the answer's beginning"),
        new("messages[].audio", Refused, "sound cannot be judged"),

        // tools and formats
        new("tools", Opened, "what the model may call"),
        Words("tools[].type", "hosted tools bring content that never passes the gateway", "function", "custom"),
        new("tools[].function", Judged, "name, description and all of the schema"),
        new("tools[].custom", Judged, "name, description and grammar"),
        new("tools[].defer_loading", Flag, "the tool is loaded when it is looked for"),
        new("tools[].cache_control", Judged, "marks the prompt's cache"),
        Words("tool_choice", "", "none", "auto", "required", "function", "custom"),
        new("parallel_tool_calls", Flag, "several calls in one answer"),
        new("functions", Judged, "tools in their old form"),
        Words("function_call", "", "none", "auto"),
        Words("response_format", "names, descriptions and values of the schema", "text", "json_object", "json_schema"),
        new("prediction", Judged, "what the answer is expected to be"),
        new("structured_outputs", Judged, "vLLM: what the answer must match"),
        new("guided_json", Judged, "vLLM: what the answer must match"),
        new("guided_regex", Judged, "vLLM: what the answer must match"),
        new("guided_choice", Judged, "vLLM: what the answer must match"),
        new("guided_grammar", Judged, "vLLM: what the answer must match"),
        new("guided_decoding_backend", Judged, "vLLM: how it is matched"),
        new("guided_whitespace_pattern", Judged, "vLLM: blanks in JSON"),
        new("structural_tag", Judged, "vLLM: what the answer must match"),

        // text beside the conversation
        new("documents", Judged, "vLLM: texts for the template"),
        new("chat_template_kwargs", Judged, "vLLM: values for the template"),
        new("chat_template", Refused, Program),
        new("prompt", Refused, "the conversation is in messages"),
        new("prompt_embeds", Refused, "vectors cannot be judged"),
        new("models", Refused, "other models than the key may use"),
        new("audio", Refused, "sound cannot be judged"),
        new("web_search_options", Refused, Unseen),
        new("mm_processor_kwargs", Refused, Pixels),
        new("media_io_kwargs", Refused, Pixels),
        new("logits_processors", Refused, "names code that the service runs"),
        new("kv_transfer_params", Refused, Unseen),
        new("vllm_xargs", Refused, "arguments of extensions that are not known here"),
        Words("modalities", "other kinds are refused: only text answers can be judged", "text"),

        // how the answer is chosen
        new("n", Whole, "choices: 1 to 16"),
        new("best_of", Whole, "vLLM: drafts to choose from"),
        new("max_tokens", Whole, "the longest answer"),
        new("max_completion_tokens", Whole, "the longest answer"),
        new("min_tokens", Whole, "vLLM: the shortest answer"),
        new("temperature", Number, ""),
        new("top_p", Number, ""),
        new("top_k", Whole, ""),
        new("min_p", Number, ""),
        new("typical_p", Number, ""),
        new("frequency_penalty", Number, ""),
        new("presence_penalty", Number, ""),
        new("repetition_penalty", Number, ""),
        new("no_repeat_ngram_size", Whole, ""),
        new("length_penalty", Number, "vLLM: of beam search"),
        new("use_beam_search", Flag, "vLLM"),
        new("early_stopping", Flag, "vLLM: of beam search"),
        new("seed", Whole, "64 bits"),
        new("stop", Judged, "texts that end the answer"),
        new("bad_words", Judged, "vLLM: words that are not written"),
        new("stop_token_ids", Whole, "vLLM"),
        new("allowed_token_ids", Whole, "vLLM"),
        new("logit_bias", Number, "by token id"),
        new("include_stop_str_in_output", Flag, "vLLM"),
        new("ignore_eos", Flag, "vLLM"),
        new("repetition_detection", Judged, "vLLM: ends an answer that goes round in circles"),
        Words("reasoning_effort", "", "none", "minimal", "low", "medium", "high", "xhigh", "max"),
        new("reasoning", Judged, "how much the model thinks"),
        new("thinking", Judged, "how much the model thinks"),
        new("enable_thinking", Flag, "whether the model thinks"),
        new("thinking_budget", Whole, "how much the model thinks"),
        new("thinking_token_budget", Whole, "vLLM: how much the model thinks"),
        new("include_reasoning", Flag, "vLLM: whether reasoning is sent"),
        Words("verbosity", "", "low", "medium", "high"),

        // what is sent back
        new("stream", Flag, "the answer in pieces; set anew for the model"),
        new("stream_options", Opened, "set anew for the model") { IsObject = true },
        new("stream_options.include_usage", Flag, "tokens at the stream's end"),
        new("stream_options.include_obfuscation", Flag, "OpenAI: filling that hides lengths"),
        new("stream_options.continuous_usage_stats", Flag, "vLLM: tokens in every chunk"),
        new("logprobs", Flag, ""),
        new("top_logprobs", Whole, ""),
        new("prompt_logprobs", Whole, "vLLM"),
        new("echo", Flag, "vLLM: the last message before the answer"),
        new("return_tokens_as_token_ids", Flag, "vLLM"),
        new("return_token_ids", Flag, "vLLM"),
        new("return_prompt_text", Flag, "vLLM"),
        new("skip_special_tokens", Flag, "vLLM"),
        new("spaces_between_special_tokens", Flag, "vLLM"),
        new("moderation", Stripped, Moderation),

        // how the prompt is made and the service run
        new("add_generation_prompt", Flag, "vLLM"),
        new("continue_final_message", Flag, "vLLM: the last message is the answer's beginning"),
        new("add_special_tokens", Flag, "vLLM"),
        new("truncate_prompt_tokens", Whole, "vLLM: the prompt is cut"),
        new("priority", Whole, "vLLM"),
        new("request_id", Judged, "vLLM" + Hashed),
        new("cache_salt", Judged, "vLLM" + Hashed),
        new("store", Flag, "false only: a withheld answer must not stay where it can be had later"),
        new("metadata", Judged, "names and values of the caller's own; data that the policy redacts becomes placeholders"),
        new("user", Judged, "whom the caller asks for" + Hashed),
        new("safety_identifier", Judged, "whom the caller asks for" + Hashed),
        new("prompt_cache_key", Judged, "what shares the prompt's cache" + Hashed),
        new("prompt_cache_options", Judged, "how the prompt is cached"),
        Words("prompt_cache_retention", "", "in_memory", "in-memory", "24h"),
        Words("service_tier", "", "auto", "default", "flex", "scale", "priority", "fast"),
    ];

    public static FrozenDictionary<string, RequestField> ByPath { get; } = All.ToFrozenDictionary(field => field.Path);

    /// <summary>The names of what is stripped of a message's parts.</summary>
    public static IReadOnlyList<string> StrippedOfParts { get; } =
    [
        .. All.Where(field => field.Use == Stripped && field.Path.StartsWith("messages[].content[].", StringComparison.Ordinal))
            .Select(field => field.Path["messages[].content[].".Length..]),
    ];

    private static RequestField Words(string path, string note, params string[] words) => new(path, Judged, note) { Words = words };
}
