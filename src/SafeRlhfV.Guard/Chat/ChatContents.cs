using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>What a moderator can judge of chat contents: their text, their images, and what it cannot read.</summary>
internal sealed class ChatContents
{
    private const int BytesOfCharacter = 16; // images are large, and few
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

    public static ChatContents Of(string text)
    {
        ChatContents found = new();
        found.AddText(text);
        return found;
    }

    /// <summary>Whether a content is its text alone, without citations, signatures or whatever else may stand on it.</summary>
    public static bool HasNothingBeside(AIContent content) => content is { Annotations: null or { Count: 0 }, AdditionalProperties: null or { Count: 0 } }
        and not TextReasoningContent { ProtectedData.Length: > 0 };

    /// <summary>About how many characters of memory a content takes.</summary>
    public static long SizeOf(AIContent content) => content switch
    {
        TextContent text => text.Text.Length,
        TextReasoningContent reasoning => reasoning.Text.Length,
        ErrorContent error => error.Message.Length + (error.Details?.Length ?? 0),
        JudgedContent own => own.Texts.Sum(one => (long)one.Value.Length),
        FunctionCallContent call => call.Name.Length + (call.Arguments?.Sum(argument => SizeOf(argument.Value)) ?? 0),
        FunctionResultContent result => SizeOf(result.Result),
        DataContent data => data.Data.Length / BytesOfCharacter,
        _ => 0,
    };

    public void AddText(string? text) => Append(text);

    /// <summary>Adds a content; of one that streams, only what stands on its text.</summary>
    public void AddBeside(AIContent content)
    {
        if (content is JudgedContent own) AddUnwritten(own);
        else if (content is TextContent or TextReasoningContent or ErrorContent { Details: null }) AddExtras(content);
        else Add(content);
    }

    public void Add(AIContent content)
    {
        switch (content)
        {
            case TextContent text: Append(text.Text); break;
            case TextReasoningContent reasoning: Append(reasoning.Text); break;
            case ErrorContent error: Append(error.Message); Append(error.Details); break;
            case FunctionCallContent call: Append(call.Name + " " + Serialize(call.Arguments)); break;
            case FunctionResultContent result: AddResult(result.Result); break;
            case ShownImageContent shown: images.AddRange(shown.Shown); break;
            case DataContent data when data.HasTopLevelMediaType("image"):
                images.Add(new(new EncodedImage(data.Data.ToArray(), data.Name)) { MediaType = data.MediaType });
                break;
            case DataContent data when data.HasTopLevelMediaType("text"): Append(Encoding.UTF8.GetString(data.Data.Span)); break;
            case UriContent uri when uri.HasTopLevelMediaType("image"): images.Add(new(uri.Uri) { MediaType = uri.MediaType }); break;
            case JudgedContent own:
                foreach ((_, string text) in own.Texts) Append(text);
                AddUnwritten(own);
                break;
            case UsageContent: return;
            default: Unreadable ??= content is DataContent other ? other.MediaType : content is UriContent far ? far.MediaType : content.GetType().Name; break;
        }
        AddExtras(content);
    }

    public void AddImages(IEnumerable<ModerationImage> images) => this.images.AddRange(images);

    private static long SizeOf(object? value) => value switch
    {
        string text => text.Length,
        JsonElement json => json.GetRawText().Length,
        AIContent content => SizeOf(content),
        IEnumerable<AIContent> several => several.Sum(SizeOf),
        _ => 0,
    };

    private void AddUnwritten(JudgedContent own)
    {
        images.AddRange(own.Images);
        Unreadable ??= own.Unreadable;
    }

    private void AddExtras(AIContent content)
    {
        if (HasNothingBeside(content)) return;
        if (content is TextReasoningContent { ProtectedData: { } data } && !OpaqueText.IsOpaque(data)) Append(data);
        foreach (AIAnnotation annotation in content.Annotations ?? [])
        {
            if (annotation is CitationAnnotation citation)
                foreach (string? text in (string?[])[citation.Title, citation.Snippet, citation.Url?.ToString(), citation.FileId, citation.ToolName])
                    Append(text);
            foreach ((string name, object? value) in annotation.AdditionalProperties ?? []) Append($"{name}: {Serialize(value)}");
        }
        foreach ((string name, object? value) in content.AdditionalProperties ?? []) Append($"{name}: {Serialize(value)}");
    }

    private void AddResult(object? result)
    {
        if (result is AIContent content) Add(content);
        else if (result is IEnumerable<AIContent> several) foreach (AIContent part in several) Add(part);
        else Append(result is string text ? EscapedText.WithOpened(text) : Serialize(result));
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
        try
        {
            return JsonWords.Of(value is JsonElement json ? json : JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions));
        }
        catch (Exception error) when (error is NotSupportedException or JsonException)
        {
            return value.ToString() ?? "";
        }
    }
}
