using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>What a moderator can judge of chat contents: their text, their images, and what it cannot read.</summary>
internal sealed class ChatContents
{
    private StringBuilder? joined; // made only where there is more than one text
    private string text = "";
    private readonly List<ModerationImage> images = [];

    /// <summary>All text, each content on a line of its own: joined, the end of one could hide the beginning of the next from a moderator.</summary>
    public string Text => joined is null ? text : text = joined.ToString();

    public IReadOnlyList<ModerationImage> Images => images;

    /// <summary>The kind of a content that cannot be judged, or null.</summary>
    public string? Unreadable { get; private set; }

    public bool IsEmpty => (joined?.Length ?? text.Length) == 0 && images.Count == 0 && Unreadable is null;

    public static ChatContents Of(IEnumerable<AIContent> contents)
    {
        ChatContents found = new();
        foreach (AIContent content in contents) found.Add(content);
        return found;
    }

    /// <summary>The text of a content that streams in pieces, which follow each other without a break; null for other kinds.</summary>
    public static string? Streamed(AIContent content) => content switch
    {
        TextContent text => text.Text,
        TextReasoningContent { ProtectedData: null } reasoning => reasoning.Text,
        _ => null,
    };

    public void Add(AIContent content)
    {
        switch (content)
        {
            case TextContent text: Append(text.Text); break;
            case TextReasoningContent reasoning: Append(reasoning.Text); break;
            case ErrorContent error: Append(error.Message); Append(error.Details); break;
            case FunctionCallContent call: Append(call.Name + " " + Serialize(call.Arguments)); break;
            case FunctionResultContent result: AddResult(result.Result); break;
            case DataContent data when data.HasTopLevelMediaType("image"):
                images.Add(new(new EncodedImage(data.Data.ToArray(),
                data.Name))
                { MediaType = data.MediaType }); break;
            case DataContent data when data.HasTopLevelMediaType("text"): Append(Encoding.UTF8.GetString(data.Data.Span)); break;
            case UriContent uri when uri.HasTopLevelMediaType("image"): images.Add(new(uri.Uri) { MediaType = uri.MediaType }); break;
            case UsageContent: break;
            default: Unreadable ??= content is DataContent other ? other.MediaType : content is UriContent far ? far.MediaType : content.GetType().Name; break;
        }
    }

    public void AddImages(IEnumerable<ModerationImage> images) => this.images.AddRange(images);

    private void AddResult(object? result)
    {
        if (result is AIContent content) Add(content);
        else if (result is IEnumerable<AIContent> several) foreach (AIContent part in several) Add(part);
        else Append(result as string ?? Serialize(result));
    }

    private void Append(string? text)
    {
        if (string.IsNullOrEmpty(text)) return;
        if (joined is null && this.text.Length == 0)
        {
            this.text = text;
            return;
        }
        joined ??= new(this.text);
        if (joined[^1] != '\n') joined.Append('\n');
        joined.Append(text);
    }

    private static string Serialize(object? value)
    {
        if (value is null) return "";
        JsonElement element = value is JsonElement json ? json : JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions);
        StringBuilder text = new();
        Flatten(element, text);
        return text.ToString();
    }

    // The strings themselves, not their JSON: escapes such as \u0062 would hide words from a moderator.
    private static void Flatten(JsonElement element, StringBuilder text)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    text.Append(property.Name).Append(": ");
                    Flatten(property.Value, text);
                }
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray()) Flatten(item, text);
                break;
            default: text.Append(element.ToString()).Append('\n'); break;
        }
    }
}
