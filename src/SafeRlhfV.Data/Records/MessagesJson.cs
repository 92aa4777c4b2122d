using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>
/// Messages as the column <c>messages</c> holds them: a role, and a text or a list of parts. Image parts hold no image: the k-th one is image k.
/// </summary>
internal static class MessagesJson
{
    private const string HowToMend = "give {\"role\": \"user\", \"content\": [{\"type\": \"image\"}, {\"type\": \"text\", \"text\": ...}]}";

    /// <summary>Reads a list of messages.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong, the data "code" gives the fault.</exception>
    public static IReadOnlyList<ConversationMessage> Read(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array) throw Bad(Fault.WrongType, $"messages are not a list; {HowToMend}.");
        int images = 0;
        List<ConversationMessage> messages = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            JsonElement message = Parsed(item);
            if (message.ValueKind != JsonValueKind.Object) throw Bad(Fault.WrongType, $"a message is not an object; {HowToMend}.");
            if (Value(message, "tool_calls") is { ValueKind: JsonValueKind.Array } calls && calls.GetArrayLength() > 0)
                throw Bad(Fault.Tools, "a message calls tools, which are not supported; drop the row.");
            ConversationRole role = Text(message, "role")?.ToLowerInvariant() switch
            {
                "system" or "developer" => ConversationRole.System,
                "user" => ConversationRole.User,
                "assistant" => ConversationRole.Assistant,
                "tool" or "function" => throw Bad(Fault.Tools, "a message is a tool's, which is not supported; drop the row."),
                null => throw Bad(Fault.Roles, "a message has no role; give system, user or assistant."),
                var other => throw Bad(Fault.Roles, $"the role {Finding.Quote(other)} is not known; give system, user or assistant."),
            };
            MessagePart[] parts = Value(message, "content") switch
            {
                { ValueKind: JsonValueKind.String } text => [MessagePart.OfText(text.GetString()!)],
                { ValueKind: JsonValueKind.Array } content => [.. content.EnumerateArray().Select(part => Part(Parsed(part), ref images))],
                _ => throw Bad(Fault.WrongType, $"a message's content is neither a text nor a list; {HowToMend}."),
            };
            messages.Add(new ConversationMessage(role, parts, Value(message, "loss") switch
            {
                null => null,
                { ValueKind: JsonValueKind.True } => true,
                { ValueKind: JsonValueKind.False } => false,
                _ => throw Bad(Fault.WrongType, "a message's loss is neither true nor false."),
            }));
        }
        return messages;
    }

    /// <summary>Writes messages; image parts lose their index, which their order gives.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ConversationMessage> messages)
    {
        json.WriteStartArray();
        foreach (ConversationMessage message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role.ToString().ToLowerInvariant());
            json.WriteStartArray("content");
            foreach (MessagePart part in message.Parts)
            {
                json.WriteStartObject();
                json.WriteString("type", part.Text is null ? "image" : "text");
                if (part.Text is not null) json.WriteString("text", part.Text);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (message.Loss is { } loss) json.WriteBoolean("loss", loss);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>The fault's code of an exception of <see cref="Read"/>.</summary>
    public static string CodeOf(FormatException error) => error.Data["code"] as string ?? Fault.WrongType;

    private static MessagePart Part(JsonElement part, ref int images)
    {
        if (part.ValueKind == JsonValueKind.String) return MessagePart.OfText(part.GetString()!);
        string? type = part.ValueKind == JsonValueKind.Object ? Text(part, "type") : null;
        switch (type)
        {
            case "text" when Text(part, "text") is { } text: return MessagePart.OfText(text);
            case "image": return MessagePart.OfImage(images++);
            case "video" or "video_url": throw Bad(Fault.Video, "a message holds a video, which is not supported; drop the row or give frames as images.");
            case "audio" or "input_audio" or "audio_url": throw Bad(Fault.Audio, "a message holds sound, which is not supported; drop the row.");
            default:
                throw Bad(Fault.PartUnknown,
                $"a message's part {(type is null ? "has no type" : $"of type {Finding.Quote(type)} is not known")}; {HowToMend}.");
        }
    }

    /// <summary>A value, or what its JSON text says: datasets writes lists of unlike objects so.</summary>
    private static JsonElement Parsed(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String || value.GetString()!.TrimStart() is not ['{', ..]) return value;
        try
        {
            using JsonDocument document = JsonLine.Parse(value.GetString()!);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            return JsonLine.RepeatedName(error) is null ? value : throw Bad(Fault.BadJson, $"a part of a message {JsonLine.Fault(error)}.");
        }
    }

    private static JsonElement? Value(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement item, string name) => Value(item, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>What <see cref="Read"/> throws.</summary>
    public static FormatException Bad(string code, string what)
    {
        FormatException error = new(what);
        error.Data["code"] = code;
        return error;
    }
}
