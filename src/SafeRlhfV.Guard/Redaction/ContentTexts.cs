using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Changes every text of a content: its own, and those of its details, annotations and additional properties. Used to redact and to restore.</summary>
internal static class ContentTexts
{
    /// <summary>The content with changed texts, without the raw object beneath; the same object where nothing changes.</summary>
    /// <param name="content">The content.</param>
    /// <param name="change">What becomes of a text.</param>
    /// <param name="changeText">What becomes of the text of a <see cref="TextContent"/>, where that is something else.</param>
    /// <param name="changeResult">What becomes of a tool's result, where that is something else; the same object where nothing changes.</param>
    public static AIContent Change(AIContent content, Func<string, string> change, Func<string, string>? changeText = null,
        Func<object?, object?>? changeResult = null)
    {
        if (content is IRewritableContent) throw new ArgumentException("Such a content changes its texts itself.", nameof(content));
        IList<AIAnnotation>? annotations = Change(content.Annotations, change);
        AdditionalPropertiesDictionary? properties = Change(content.AdditionalProperties, change);
        bool isSame = ReferenceEquals(annotations, content.Annotations) && ReferenceEquals(properties, content.AdditionalProperties);
        AIContent? changed = content switch
        {
            TextContent text => Other(text.Text, changeText ?? change) is { } other ? new TextContent(other) : Same(() => new TextContent(text.Text)),
            TextReasoningContent reasoning when Other(reasoning.Text, change) is { } other =>
                new TextReasoningContent(other) { ProtectedData = reasoning.ProtectedData },
            TextReasoningContent reasoning => Same(() => new TextReasoningContent(reasoning.Text) { ProtectedData = reasoning.ProtectedData }),
            ErrorContent error when Other(error.Message, change) is var message && Other(error.Details, change) is var details
                && (message is not null || details is not null || !isSame) =>
                new ErrorContent(message ?? error.Message) { ErrorCode = error.ErrorCode, Details = details ?? error.Details },
            FunctionCallContent call when (call.Arguments is { Count: > 0 } given ? ChangeArguments(given, change) : null) is var arguments
                && (arguments is not null || !isSame) => new FunctionCallContent(call.CallId, call.Name, arguments ?? call.Arguments),
            FunctionResultContent result when (changeResult is null ? ChangeValue(result.Result, change) : changeResult(result.Result)) is var value
                && (!ReferenceEquals(value, result.Result) || !isSame) =>
                new FunctionResultContent(result.CallId, value) { Exception = result.Exception },
            DataContent data when Other(data.Name, change) is var name && OfText(data, change) is var bytes
                && (name is not null || bytes is not null || !isSame) =>
                new DataContent(bytes ?? data.Data, data.MediaType) { Name = name ?? data.Name },
            UriContent uri when !isSame => new UriContent(uri.Uri, uri.MediaType),
            _ => null,
        };
        if (changed is null) return content;
        changed.Annotations = annotations;
        changed.AdditionalProperties = properties;
        return changed;

        AIContent? Same(Func<AIContent> copy) => isSame ? null : copy();
    }

    /// <summary>The text of a content that streams.</summary>
    public static string TextOf(AIContent content) => content switch
    {
        TextContent text => text.Text,
        TextReasoningContent reasoning => reasoning.Text,
        ErrorContent error => error.Message,
        _ => throw new ArgumentException($"{content.GetType().Name} does not stream.", nameof(content)),
    };

    /// <summary>A content of the same kind with another text, and nothing beside it.</summary>
    public static AIContent With(AIContent content, string text) => content switch
    {
        TextContent => new TextContent(text),
        TextReasoningContent => new TextReasoningContent(text),
        _ => new ErrorContent(text) { ErrorCode = ((ErrorContent)content).ErrorCode },
    };

    /// <summary>The properties with changed texts; the same object where none changes.</summary>
    public static AdditionalPropertiesDictionary? Change(AdditionalPropertiesDictionary? properties, Func<string, string> change)
    {
        if (properties is null || properties.Count == 0) return properties;
        AdditionalPropertiesDictionary? changed = null;
        foreach ((string name, object? value) in properties)
            if (ChangeValue(value, change) is var other && !ReferenceEquals(other, value)) (changed ??= new(properties))[name] = other;
        return changed ?? properties;
    }

    /// <summary>The arguments with changed texts; null where none has changed.</summary>
    public static Dictionary<string, object?>? ChangeArguments(IDictionary<string, object?> arguments, Func<string, string> change)
    {
        JsonNode? before = Node(arguments), after = JsonRedaction.Change(before, change);
        if (JsonNode.DeepEquals(before, after)) return null;
        return ((JsonObject)after!).ToDictionary(pair => pair.Key, pair => (object?)JsonSerializer.SerializeToElement(pair.Value));
    }

    // Null where a text stays as it is.
    private static string? Other(string? text, Func<string, string> change) => text is not null && change(text) is var other && other != text ? other : null;

    private static byte[]? OfText(DataContent data, Func<string, string> change) =>
        data.HasTopLevelMediaType("text") && Other(Encoding.UTF8.GetString(data.Data.Span), change) is { } other ? Encoding.UTF8.GetBytes(other) : null;

    private static IList<AIAnnotation>? Change(IList<AIAnnotation>? annotations, Func<string, string> change)
    {
        if (annotations is null || annotations.Count == 0) return annotations;
        AIAnnotation[] changed = [.. annotations.Select(annotation => Change(annotation, change))];
        return changed.SequenceEqual(annotations, ReferenceEqualityComparer.Instance) ? annotations : [.. changed];
    }

    private static AIAnnotation Change(AIAnnotation annotation, Func<string, string> change)
    {
        AdditionalPropertiesDictionary? properties = Change(annotation.AdditionalProperties, change);
        bool isSame = ReferenceEquals(properties, annotation.AdditionalProperties);
        if (annotation is not CitationAnnotation citation)
            return isSame ? annotation : new AIAnnotation { AnnotatedRegions = annotation.AnnotatedRegions, AdditionalProperties = properties };
        string? title = Other(citation.Title, change), snippet = Other(citation.Snippet, change), url = Other(citation.Url?.ToString(), change);
        if (isSame && title is null && snippet is null && url is null) return annotation;
        return new CitationAnnotation
        {
            AnnotatedRegions = citation.AnnotatedRegions,
            AdditionalProperties = properties,
            Title = title ?? citation.Title,
            Snippet = snippet ?? citation.Snippet,
            Url = url is null ? citation.Url : Uri.TryCreate(url, UriKind.RelativeOrAbsolute, out Uri? address) ? address : null,
            FileId = citation.FileId,
            ToolName = citation.ToolName,
        };
    }

    /// <summary>A value with changed texts: a text, contents, JSON or what becomes JSON; the same object where nothing changes.</summary>
    public static object? ChangeValue(object? value, Func<string, string> change)
    {
        switch (value)
        {
            case null or bool or Enum or Placeholders or GuardReport: return value;
            case string text: return JsonRedaction.ChangeText(text, change) is { } changed && changed != text ? changed : text;
            case AIContent content: return Change(content, change);
            case IEnumerable<AIContent> several:
                AIContent[] contents = [.. several], others = [.. contents.Select(one => one is IRewritableContent ? one : Change(one, change))];
                return others.SequenceEqual(contents, ReferenceEqualityComparer.Instance) ? value : others;
            default:
                if (value.GetType().IsPrimitive && value is not (long or ulong)) return value;
                try
                {
                    JsonNode? before = Node(value), after = JsonRedaction.Change(before, change);
                    return JsonNode.DeepEquals(before, after) ? value : JsonSerializer.SerializeToElement(after);
                }
                catch (Exception error) when (error is NotSupportedException or JsonException or InvalidOperationException)
                {
                    return value; // an object of the program's own, which no model is sent
                }
        }
    }

    private static JsonNode? Node(object value) =>
        value is JsonElement element ? JsonSerializer.SerializeToNode(element) : JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions);
}
