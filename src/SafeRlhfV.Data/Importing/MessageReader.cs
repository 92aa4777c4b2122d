namespace SafeRlhfV.Data;

/// <summary>Reads messages as the formats write them: lists of objects with a role and a text or parts.</summary>
/// <param name="marksImages">Whether <c>&lt;image&gt;</c> in a text is a place for an image.</param>
internal sealed class MessageReader(bool marksImages)
{
    private const string Mark = "<image>";

    /// <summary>The names of roles; null for the roles of tools.</summary>
    public IReadOnlyDictionary<string, ConversationRole?> Roles { get; init; } = CommonRoles;

    /// <summary>The names of the role's field.</summary>
    public string[] RoleNames { get; init; } = ["role", "from"];

    /// <summary>The names of the content's field.</summary>
    public string[] ContentNames { get; init; } = ["content", "value"];

    private static Dictionary<string, ConversationRole?> CommonRoles { get; } = new()
    {
        ["system"] = ConversationRole.System,
        ["developer"] = ConversationRole.System,
        ["user"] = ConversationRole.User,
        ["human"] = ConversationRole.User,
        ["assistant"] = ConversationRole.Assistant,
        ["gpt"] = ConversationRole.Assistant,
        ["tool"] = null,
        ["tools"] = null,
        ["tool_call"] = null,
        ["tool_response"] = null,
        ["function"] = null,
        ["function_call"] = null,
        ["observation"] = null,
        ["ipython"] = null,
    };

    /// <summary>The messages of a list; null where there is no list.</summary>
    /// <exception cref="DroppedRowException">They hold what cannot be read.</exception>
    public List<DraftMessage>? Read(object? value)
    {
        if (value is SourceMap one) value = new List<object?> { one };
        // openrlhf writes the list as a text
        if (value is string text) value = LenientJson.TryParse(text, out object? parsed) ? parsed : throw new DroppedRowException(DropReason.BadJson);
        return value is List<object?> list ? [.. list.Select(Message)] : null;
    }

    /// <summary>A message of one text.</summary>
    /// <exception cref="DroppedRowException">The text is null, or no text.</exception>
    public DraftMessage Of(ConversationRole role, object? text)
    {
        DraftMessage message = new(role);
        if (text is string words) Split(message, words, true, true);
        else if (text is not null) throw new DroppedRowException(DropReason.PartUnknown);
        return message;
    }

    private DraftMessage Message(object? value)
    {
        if (value is string text && LenientJson.TryParse(text, out object? parsed)) value = parsed; // a JSON text in a column of such texts
        if (value is not SourceMap map) throw new DroppedRowException(DropReason.Roles);
        if (IsCall(map.Get("tool_calls")) || IsCall(map.Get("function_call"))) throw new DroppedRowException(DropReason.Tools);
        if (map.Get(RoleNames) is not string name || !Roles.TryGetValue(name, out ConversationRole? known)) throw new DroppedRowException(DropReason.Roles);
        if (known is not { } role) throw new DroppedRowException(DropReason.Tools);
        object? content = map.Get(ContentNames);
        if (content is not List<object?> parts)
        {
            DraftMessage plain = new(role) { Loss = Loss(map) };
            if (content is string words) Split(plain, words, true, true);
            else if (content is not null) throw new DroppedRowException(DropReason.PartUnknown);
            return plain;
        }
        DraftMessage message = new(role, isPlain: false) { Loss = Loss(map) };
        for (int i = 0; i < parts.Count; i++) Part(message, parts[i], i == 0, i == parts.Count - 1);
        return message;
    }

    private void Part(DraftMessage message, object? value, bool isFirst, bool isLast)
    {
        if (value is null) return;
        if (value is string words)
        {
            Split(message, words, isFirst, isLast);
            return;
        }
        if (value is not SourceMap part) throw new DroppedRowException(DropReason.PartUnknown);
        string? type = part.Get("type") as string;
        switch (type)
        {
            case "text" or "input_text" or "output_text":
                if (part.Get("text", "content") is string text) Split(message, text, isFirst, isLast);
                break;
            case "image" or "image_url" or "input_image":
                object? payload = part.Get("image", "image_url", "url", "path", "bytes", "base64");
                message.Parts.Add(payload is null ? DraftPart.Place : new DraftPart(null, payload));
                break;
            case "video" or "video_url":
                throw new DroppedRowException(DropReason.Video);
            case "audio" or "audio_url" or "input_audio":
                throw new DroppedRowException(DropReason.Audio);
            default:
                throw new DroppedRowException(DropReason.PartUnknown);
        }
    }

    /// <summary>
    /// Adds a text, with a place for an image wherever it is marked. The text stays as it is, except that one line end goes behind each mark that begins the
    /// message and one before each that ends it: chat templates write it again.
    /// </summary>
    private void Split(DraftMessage message, string text, bool begins, bool ends)
    {
        if (!marksImages)
        {
            message.Add(text);
            return;
        }
        if (text.Contains("<video>", StringComparison.Ordinal)) throw new DroppedRowException(DropReason.Video);
        if (text.Contains("<audio>", StringComparison.Ordinal)) throw new DroppedRowException(DropReason.Audio);
        begins = begins || message.Parts.TrueForAll(part => part.IsImage);
        while (begins && text.StartsWith(Mark, StringComparison.Ordinal))
        {
            message.Parts.Add(DraftPart.Place);
            text = text[Mark.Length..];
            if (text.StartsWith('\n')) text = text[1..];
        }
        int last = 0;
        while (ends && text.EndsWith(Mark, StringComparison.Ordinal))
        {
            last++;
            text = text[..^Mark.Length];
            if (text.EndsWith('\n')) text = text[..^1];
        }
        string[] pieces = text.Split(Mark);
        for (int i = 0; i < pieces.Length; i++)
        {
            if (i > 0) message.Parts.Add(DraftPart.Place);
            message.Add(pieces[i]);
        }
        for (; last > 0; last--) message.Parts.Add(DraftPart.Place);
    }

    private static bool IsCall(object? calls) => calls is not (null or List<object?> { Count: 0 } or "" or "[]");

    private static bool? Loss(SourceMap map) => map.Get("loss", "weight") switch
    {
        null => null,
        bool learnt => learnt,
        long and 0 or double and 0 => false,
        long and 1 or double and 1 => true,
        _ => throw new DroppedRowException(DropReason.LabelUnreadable),
    };
}
