using static SafeRlhfV.Gateway.FieldUse;

namespace SafeRlhfV.Gateway;

/// <summary>Every field of a Messages request that the gateway knows. docs/gateway-fields.md shows the same table.</summary>
internal static class MessagesFields
{
    private const string Unseen = "brings content that never passes the gateway";
    private const string Cache = "marks the prompt's cache";

    public static FieldTable Table { get; } = new(
    [
        new("model", Judged, "chooses the route; a name from the settings"),
        new("max_tokens", Whole, "the most tokens of the answer"),
        new("messages", Opened, "the conversation"),
        new("messages[].role", Judged, "user, assistant or system"),
        new("messages[].content", Opened, "a text, or blocks"),
        new("system", Opened, "a text, or blocks"),

        // content blocks
        new("block.type", Judged, "text, image, document, search_result, thinking, redacted_thinking, tool_use or tool_result"),
        new("block.text", Judged, "the text of a block"),
        new("block.source", Opened, "an image, a document's text, or the name of a search result's source"),
        new("block.source.type", Judged, "base64, url, text or content"),
        new("block.source.media_type", Judged, "replaced by what the bytes are"),
        new("block.source.data", Judged, "judged as an image, or as a text"),
        new("block.source.url", Judged, "judged as an image; the model gets the bytes that were judged"),
        new("block.source.content", Opened, "a text, or blocks"),
        new("block.source.file_id", Refused, "a file " + Unseen),
        new("block.title", Judged, "the title of a document or a search result"),
        new("block.context", Judged, "what a document is about"),
        new("block.thinking", Judged, "earlier reasoning"),
        new("block.signature", Stripped, "of earlier reasoning"),
        new("block.data", Stripped, "encrypted reasoning, which no model here reads"),
        new("block.id", Judged, "of an earlier call"),
        new("block.name", Judged, "of an earlier call's tool"),
        new("block.input", Judged, "of an earlier call"),
        new("block.tool_use_id", Judged, "which call a result belongs to"),
        new("block.content", Opened, "a tool's result: a text, or blocks with images"),
        new("block.is_error", Flag, "the tool has failed, which the model is told"),
        new("block.cache_control", Stripped, Cache),
        new("block.citations", Stripped, "sources of an earlier answer, or whether to give them"),
        new("block.caller", Stripped, "who made an earlier call"),
        new("block.toolset_name", Refused, "toolsets " + Unseen),
        new("block.tool_name", Refused, "tools cannot be looked up"),
        new("block.transformations", Refused, "images are not changed"),

        // tools and formats
        new("tools", Opened, "what the model may call"),
        new("tools[].type", Judged, "custom: tools of Anthropic's own " + Unseen + ", or have schemas that only its models know"),
        new("tools[].name", Judged, ""),
        new("tools[].description", Judged, ""),
        new("tools[].input_schema", Judged, "all of the schema"),
        new("tools[].strict", Flag, "arguments follow the schema"),
        new("tools[].cache_control", Stripped, Cache),
        new("tools[].eager_input_streaming", Stripped, "calls are judged whole"),
        new("tools[].allowed_callers", Refused, "tools are called by the client alone"),
        new("tools[].defer_loading", Refused, "tools cannot be looked up"),
        new("tools[].input_examples", Refused, "put them into the description"),
        new("tool_choice", Opened, "which tool is called"),
        new("tool_choice.type", Judged, "auto, any, tool or none"),
        new("tool_choice.name", Judged, "the tool"),
        new("tool_choice.disable_parallel_tool_use", Flag, "one call in an answer"),
        new("thinking", Opened, "becomes the model's reasoning effort"),
        new("thinking.type", Judged, "enabled, disabled or adaptive"),
        new("thinking.budget_tokens", Whole, "below 4,096 low, below 16,384 medium, else high"),
        new("thinking.display", Stripped, "reasoning is shown"),
        new("output_config", Opened, "effort and format"),
        new("output_config.effort", Judged, "low, medium, high, xhigh or max"),
        new("output_config.format", Opened, "the answer is JSON"),
        new("output_config.format.type", Judged, "json_schema"),
        new("output_config.format.schema", Judged, "all of the schema"),

        // sampling and the rest
        new("temperature", Number, ""),
        new("top_p", Number, ""),
        new("top_k", Whole, ""),
        new("stop_sequences", Judged, ""),
        new("stream", Flag, ""),
        new("metadata", Opened, ""),
        new("metadata.user_id", Judged, "becomes the chat request's user" + RequestFields.Hashed),
        new("service_tier", Stripped, "of Anthropic's own service"),
        new("speed", Stripped, "of Anthropic's own service"),
        new("diagnostics", Stripped, "of Anthropic's own service"),
        new("cache_control", Stripped, Cache),
        new("moderation", Refused, "it is of OpenAI's interfaces; the outcome is told by stop_reason and by the header x-guard-outcome"),
        new("container", Refused, "a container " + Unseen),
        new("mcp_servers", Refused, "such a server " + Unseen),
        new("context_management", Refused, "the conversation is sent as it was judged"),
        new("inference_geo", Refused, "the place of the model is the operator's choice"),
        new("user_profile_id", Refused, "a profile " + Unseen),
        new("workspace_id", Refused, "a workspace " + Unseen),
    ],
    ("messages[].content[]", "block"), ("system[]", "block"), ("block.content[]", "block"), ("block.source.content[]", "block"));
}
