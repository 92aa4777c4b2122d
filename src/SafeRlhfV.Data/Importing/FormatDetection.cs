namespace SafeRlhfV.Data;

/// <summary>
/// Decides the format of rows by the names of their columns: of all rows, not of the first. What the names leave open, the messages tell: parts without an
/// image, image_url parts, weights, developers.
/// </summary>
internal sealed class FormatDetection
{
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string[] Names, string File, long Row)> shapes = new(StringComparer.Ordinal);
    private bool hasFlag, messageIsText, hasImagePlace, hasOpenAi;
    private string? rowsWithin;
    private long rows;

    /// <summary>Whether the values of messages can still change the decision.</summary>
    public static bool NeedsValues(IEnumerable<string> columns) => columns.Any(column => column is "messages" or "message");

    /// <summary>The columns of a file, where its rows all have the same.</summary>
    public void AddColumns(string file, IReadOnlyList<string> columns)
    {
        names.UnionWith(columns);
        shapes.TryAdd(string.Join('\n', columns.Order(StringComparer.Ordinal)), ([.. columns], file, 0));
    }

    /// <summary>A row's columns and values.</summary>
    public void Add(string file, long row, SourceMap map, bool isWhole = true)
    {
        if (isWhole)
        {
            string shape = string.Join('\n', map.Keys.Order(StringComparer.Ordinal));
            if (shapes.TryAdd(shape, ([.. map.Keys], file, row))) names.UnionWith(map.Keys);
        }
        if (rows++ == 0)
            rowsWithin = map.Keys.FirstOrDefault(key => map.Get(key) is List<object?> { Count: > 0 } list && list.TrueForAll(item => item is SourceMap));
        hasFlag |= map.Get("label") is bool;
        messageIsText |= map.Get("message") is string;
        if (map.Get("messages") is List<object?> messages) Look(messages);
    }

    /// <summary>The format.</summary>
    /// <param name="source">What the user named, for messages.</param>
    /// <exception cref="InvalidInputException">No format has these columns, or the rows are of two.</exception>
    public ImportFormat Decide(string source)
    {
        string known = string.Join(", ", names.Order(StringComparer.Ordinal).Take(24));
        string name = OfColumns(names, hasFlag, messageIsText, hasImagePlace, hasOpenAi) ?? throw ImportFault.Error(ImportFault.NotDetected, source,
            rows == 1 && rowsWithin is { } key ? JsonlRowReader.WhatIsWithin(key).TrimEnd('.')
                : $"no known format has the columns {known}; name the format with --from, and its columns with --columns");
        ImportFormat format = ImportFormats.Named(name);
        string[] words = format.Words.Any(names.Contains) ? format.Words : ["messages"]; // TRL's other form
        var (own, others) = (shapes.Values.Where(IsOwn).ToArray(), shapes.Values.Where(shape => shape.Names.Length > 0 && !IsOwn(shape)).ToArray());
        if (others.Length > 0 && own.Length > 0)
            throw ImportFault.Error(ImportFault.Mixed, source,
                $"rows of two formats: {Show(own[0])} ({name}), {Show(others[0])}; import each from a file of its own");
        return format;

        static string Show((string[] Names, string File, long Row) shape) =>
            $"{Path.GetFileName(shape.File)}, row {shape.Row} has {string.Join(", ", shape.Names.Take(8))}";

        bool IsOwn((string[] Names, string File, long Row) shape) => shape.Names.Any(words.Contains);
    }

    /// <summary>The format that columns mean; null where it is none.</summary>
    /// <param name="columns">The columns of all rows.</param>
    /// <param name="hasFlag">Whether a label is true or false.</param>
    /// <param name="messageIsText">Whether a message is a text.</param>
    /// <param name="hasImagePlace">Whether a part of a message is an image without saying which.</param>
    /// <param name="hasOpenAi">Whether messages have what only OpenAI's have.</param>
    public static string? OfColumns(
        IReadOnlySet<string> columns, bool hasFlag = false, bool messageIsText = true, bool hasImagePlace = false, bool hasOpenAi = false)
    {
        bool Has(params string[] all) => all.All(columns.Contains);
        bool HasAny(params string[] any) => any.Any(columns.Contains);
        if (Has("more_helpful_response_id") || Has("response", "is_response_safe")) return "beavertails";
        if (Has("overall_response") || Has("prompt", "response", "refinement")) return "align-anything";
        if (Has("preferred_output")) return "openai";
        if (Has("reward_model") || Has("problem", "answer")) return "verl";
        if (Has("message") && messageIsText) return "openrlhf";
        if (HasAny("rejected_response", "rejected_messages", "rejected_images", "conversation") || Has("query", "response")) return "ms-swift";
        if (Has("messages", "label") && hasFlag) return "ms-swift";
        if (Has("question", "chosen", "rejected", "image")) return "spavl";
        if (HasAny("prompt", "chosen", "rejected", "completion")) return "trl";
        if (Has("conversations")) return HasAny("image", "video") ? "llava" : "sharegpt";
        if (!Has("messages")) return null;
        if (HasAny("images", "image")) return hasImagePlace ? "trl" : "messages";
        return hasOpenAi ? "openai" : "messages";
    }

    private void Look(List<object?> messages)
    {
        foreach (object? value in messages)
        {
            SourceMap? message = value as SourceMap ?? (value is string text && LenientJson.TryParse(text, out object? parsed) ? parsed as SourceMap : null);
            if (message is null) continue;
            hasOpenAi |= message.Has("weight") || message.Get("role") is "developer";
            if (message.Get("content") is not List<object?> parts) continue;
            foreach (SourceMap part in parts.OfType<SourceMap>())
            {
                hasOpenAi |= part.Get("type") is "image_url";
                hasImagePlace |= part.Get("type") is "image" && part.Get("image", "image_url", "url", "path", "bytes", "base64") is null;
            }
        }
    }
}
