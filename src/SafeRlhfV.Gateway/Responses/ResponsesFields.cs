using System.Collections.Frozen;
using static SafeRlhfV.Gateway.FieldUse;

namespace SafeRlhfV.Gateway;

/// <summary>Every field of a Responses request that the gateway knows. docs/gateway-fields.md shows the same table.</summary>
internal static class ResponsesFields
{
    private const string Unseen = "brings content that never passes the gateway";
    private const string Sent = "the conversation is sent as it was judged";

    /// <summary>The members of tools that the client runs itself.</summary>
    public static FrozenSet<string> OfTools { get; } =
        FrozenSet.Create("type", "name", "description", "parameters", "strict", "format", "defer_loading", "allowed_callers", "output_schema");

    public static FieldTable Table { get; } = new(
    [
        new("model", Judged, "chooses the route; a name from the settings"),
        new("instructions", Judged, "become the system message"),
        new("input", Opened, "a text, or items"),
        new("previous_response_id", Judged, "becomes the conversation that it stands for, from the gateway's own store"),

        // items
        new("input[].type", Judged, "message, function_call, function_call_output, custom_tool_call, custom_tool_call_output, reasoning or item_reference"),
        new("input[].role", Judged, "user, assistant, system or developer"),
        new("input[].content", Opened, "a text, or parts"),
        new("input[].id", Stripped, "an item's name; a reference becomes the item that it names"),
        new("input[].status", Stripped, "how an earlier item ended"),
        new("input[].phase", Stripped, "of an earlier answer"),
        new("input[].call_id", Judged, "which call a result belongs to"),
        new("input[].name", Judged, "of an earlier call's tool"),
        new("input[].arguments", Judged, "of an earlier call"),
        new("input[].input", Judged, "of an earlier call of a custom tool"),
        new("input[].output", Opened, "a tool's result: a text, or parts with images"),
        new("input[].summary", Opened, "earlier reasoning"),
        new("input[].summary[].type", Stripped, "summary_text"),
        new("input[].summary[].text", Judged, "earlier reasoning"),
        new("input[].encrypted_content", Stripped, "encrypted reasoning, which no model here reads"),
        new("input[].caller", Stripped, "who made an earlier call"),
        new("input[].namespace", Refused, "tools have no namespaces here"),
        new("part.type", Judged, "input_text, output_text, input_image, refusal or reasoning_text; files cannot be judged"),
        new("part.text", Judged, "the text of a part"),
        new("part.refusal", Judged, "an earlier refusal"),
        new("part.image_url", Judged, "judged as an image; the model gets the bytes that were judged"),
        new("part.detail", Judged, "of an image"),
        new("part.annotations", Stripped, "sources of an earlier answer"),
        new("part.logprobs", Stripped, "of an earlier answer"),
        new("part.prompt_cache_breakpoint", Stripped, "marks the prompt's cache"),
        new("part.file_id", Refused, "a file " + Unseen),
        new("part.file_data", Refused, "files cannot be judged"),
        new("part.file_url", Refused, "files cannot be judged"),
        new("part.filename", Refused, "files cannot be judged"),

        // tools and formats
        new("tools", Judged, "functions and custom tools; tools that a service runs " + Unseen + ", and are refused unless hosted_tools names their type"),
        new("tool_choice", Judged, "which tool is called"),
        new("parallel_tool_calls", Flag, "several calls in one answer"),
        new("max_tool_calls", Stripped, "of tools that a service runs"),
        new("text", Opened, "the answer's form"),
        new("text.format", Judged, "text, json_object or json_schema, with all of the schema"),
        new("text.verbosity", Judged, "low, medium or high"),
        new("reasoning", Opened, "how much the model thinks"),
        new("reasoning.effort", Judged, "becomes the chat request's reasoning effort"),
        new("reasoning.summary", Stripped, "reasoning is shown as a summary"),
        new("reasoning.generate_summary", Stripped, "reasoning is shown as a summary"),
        new("reasoning.context", Refused, Sent),
        new("reasoning.mode", Refused, "no chat request says so"),

        // sampling and the rest
        new("max_output_tokens", Whole, "the most tokens of the answer"),
        new("temperature", Number, ""),
        new("top_p", Number, ""),
        new("top_logprobs", Whole, ""),
        new("include", Stripped, "message.output_text.logprobs asks for them; there is nothing else to include"),
        new("stream", Flag, ""),
        new("stream_options", Stripped, "of OpenAI's own service"),
        new("store", Flag, "whether the gateway keeps the response; the model's service never does"),
        new("truncation", Judged, "disabled"),
        new("metadata", Stripped, "stands in the answer"),
        new("moderation", Stripped, RequestFields.Moderation),
        new("user", Judged, "whom the caller asks for" + RequestFields.Hashed),
        new("safety_identifier", Judged, "whom the caller asks for" + RequestFields.Hashed),
        new("prompt_cache_key", Judged, "what shares the prompt's cache" + RequestFields.Hashed),
        new("prompt_cache_options", Stripped, "of OpenAI's own service"),
        new("prompt_cache_retention", Stripped, "of OpenAI's own service"),
        new("service_tier", Judged, "of OpenAI's own service"),
        new("background", Refused, "an answer is judged while its caller waits"),
        new("conversation", Refused, "a conversation " + Unseen),
        new("prompt", Refused, "a stored prompt " + Unseen),
        new("context_management", Refused, Sent),
    ],
    ("input[].content[]", "part"), ("input[].output[]", "part"));
}
