namespace SafeRlhfV.Gateway;

/// <summary>A kind of part of an output item, and what the wire calls it.</summary>
/// <param name="Type">The part's type.</param>
/// <param name="Item">The type of the item that it stands in.</param>
/// <param name="List">The item's member that lists such parts.</param>
/// <param name="Text">The part's member that holds its text.</param>
/// <param name="Event">What the events of its text begin with.</param>
internal sealed record ResponsePart(string Type, string Item, string List, string Text, string Event)
{
    public static ResponsePart OutputText { get; } = new("output_text", "message", "content", "text", "response.output_text");

    public static ResponsePart Refusal { get; } = new("refusal", "message", "content", "refusal", "response.refusal");

    public static ResponsePart Reasoning { get; } = new("reasoning_text", "reasoning", "content", "text", "response.reasoning_text");

    /// <summary>Reasoning for those who asked for a summary of it: many clients show nothing else.</summary>
    public static ResponsePart Summary { get; } = new("summary_text", "reasoning", "summary", "text", "response.reasoning_summary_text");

    /// <summary>What its index is called in events.</summary>
    public string Index => this == Summary ? "summary_index" : "content_index";

    /// <summary>What the events that begin and end it begin with.</summary>
    public string Around => this == Summary ? "response.reasoning_summary_part" : "response.content_part";
}
