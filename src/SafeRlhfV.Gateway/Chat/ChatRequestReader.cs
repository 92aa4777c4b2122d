using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Reads <c>/v1/chat/completions</c> requests. Every field stands in the table of <see cref="RequestFields"/>, which says whether it is judged.
/// </summary>
internal sealed class ChatRequestReader(
    LimitSettings limits, ImageGate images, RequestCheck check, RefusedTurns refused, Func<GuardPolicy> policy)
{
    /// <summary>Reads a body as a JSON object.</summary>
    /// <exception cref="ApiException">It is none.</exception>
    public static async Task<JsonObject> ReadObjectAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "invalid_request_error",
                $"The body has the content encoding '{ApiException.Short(encoding)}'; send it as it is.", "unsupported_encoding");
        try
        {
            ReadResult read;
            while (!(read = await request.BodyReader.ReadAsync(cancellationToken)).IsCompleted)
                request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            JsonNode? node;
            try
            {
                node = Parse(read.Buffer);
            }
            finally
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
            }
            return node as JsonObject ?? throw ApiException.Invalid("The request must be a JSON object.");
        }
        catch (Exception error) when (StrictJson.IsFault(error))
        {
            throw ApiException.Invalid("The request is not valid JSON in UTF-8.", code: "invalid_json");
        }
    }

    private static JsonNode? Parse(ReadOnlySequence<byte> body)
    {
        ReadOnlySpan<byte> json = body.IsSingleSegment ? body.FirstSpan : body.ToArray();
        if (json.StartsWith("\uFEFF"u8)) json = json[3..];
        try
        {
            return StrictJson.Parse(json);
        }
        catch (JsonException) when (StrictJson.IsTooDeep(json))
        {
            throw ApiException.Invalid($"The request's JSON is nested deeper than {StrictJson.MostLevels} levels.", code: "json_too_deep");
        }
    }

    public async Task<ChatCall> ReadAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken)
    {
        string model = JsonText.Required(body["model"], "model");
        string extra = check.Read(body);
        ModerationAsked? moderation = ModerationAsked.Read(body["moderation"]);
        bool isStream = Flag(body["stream"], "stream");
        if ((JsonScalar.Whole(body["n"]) ?? 1) is < 1 or > 16) throw ApiException.Invalid("n must be a whole number from 1 to 16.", "n");
        if (body["modalities"] is JsonArray modalities
            && modalities.Any(kind => kind is not JsonValue value || !value.TryGetValue(out string? name) || name != "text"))
            throw ApiException.Invalid("Only text answers can be guarded.", "modalities");
        if (body["messages"] is not JsonArray { Count: > 0 } sent) throw ApiException.Invalid("messages must be a list with at least one message.", "messages");
        if (sent.Count > limits.Messages)
            throw ApiException.Invalid($"There are {sent.Count} messages; {limits.Messages} are allowed (limits.messages).", "messages");
        Dictionary<string, OpenedImage> seen = [];
        PixelBudget pixels = new(limits.RequestPixels);
        List<ChatMessage> messages = [];
        int pictures = 0;
        for (int i = 0; i < sent.Count; i++) messages.Add(await MessageAsync(sent[i], $"messages[{i}]"));
        GuardContext context = key.ContextFor(model);
        IReadOnlyList<int> left = refused.Find(messages, context,
            RefusedTurns.VersionOf(policy(), moderation?.BlocksInput ?? false));
        foreach (int at in left.Reverse())
        {
            sent.RemoveAt(at);
            messages.RemoveAt(at);
        }
        if (left.Count > 0) extra = check.Read(body);
        string? endUser = JsonText.Of(body["safety_identifier"]) ?? JsonText.Of(body["user"]);
        return new(body, messages, context with { EndUser = endUser })
        {
            Model = model,
            IsStream = isStream,
            WantsUsage = Flag(body["stream_options"]?["include_usage"], "stream_options.include_usage"),
            ExtraText = extra,
            Moderation = moderation,
        };

        async Task<ChatMessage> MessageAsync(JsonNode? node, string param)
        {
            if (node is not JsonObject message) throw ApiException.Invalid("A message must be an object.", param);
            ChatRole role = JsonText.Required(message["role"], $"{param}.role") switch
            {
                "system" or "developer" => ChatRole.System,
                "user" => ChatRole.User,
                "assistant" => ChatRole.Assistant,
                "tool" or "function" => ChatRole.Tool,
                _ => throw ApiException.Invalid("The role must be system, developer, user, assistant, tool or function.", $"{param}.role"),
            };
            List<AIContent> contents = [];
            switch (message["content"])
            {
                case null when role == ChatRole.Assistant: break;
                case JsonValue value when value.TryGetValue(out string? text): contents.Add(new TextContent(text)); break;
                case JsonArray parts:
                    for (int i = 0; i < parts.Count; i++) contents.Add(await PartAsync(parts[i], $"{param}.content[{i}]"));
                    break;
                default: throw ApiException.Invalid("content must be a text or a list of parts.", $"{param}.content");
            }
            foreach ((string name, JsonNode? value) in message)
                if (name is not ("role" or "content" or "tool_call_id") && Said(name, value) is { } said) contents.Add(said);
            if (role != ChatRole.Tool) return new(role, contents);
            return new(role, [new FunctionResultContent(message["tool_call_id"]?.ToString() ?? "", contents)]);
        }

        async Task<AIContent> PartAsync(JsonNode? node, string param)
        {
            if (node is not JsonObject part) throw ApiException.Invalid("A content part must be an object.", param);
            string type = JsonText.Required(part["type"], $"{param}.type");
            foreach (string name in RequestFields.StrippedOfParts) part.Remove(name);
            foreach (string other in (string[])["text", "refusal", "thinking", "image_url"])
                if (other != type && part[other] is not null) throw ApiException.Invalid($"A part of type '{type}' has no {other}.", $"{param}.{other}");
            if (type is "text" or "refusal") return new TextContent(JsonText.Required(part[type], $"{param}.{type}"));
            if (type is "thinking") return Said(type, part[type]) ?? new TextReasoningContent("");
            if (type != "image_url") throw ApiException.Invalid($"Parts of type '{type}' cannot be checked, and so cannot be sent.", $"{param}.type",
                "unsupported_content");
            if (part["image_url"] is not JsonObject image) throw ApiException.Invalid("image_url must be an object.", $"{param}.image_url");
            if (++pictures > limits.Images) throw images.TooMany($"{param}.image_url");
            string url = JsonText.Required(image["url"], $"{param}.image_url.url");
            if (seen.TryGetValue(url, out OpenedImage? opened)) pixels.Spend(opened.Pixels, $"{param}.image_url.url"); // it is decoded once more
            else seen[url] = opened = await images.OpenAsync(url, $"{param}.image_url.url", pixels, cancellationToken);

            // The upstream gets the very bytes that were judged, under the type that they truly have.
            image["url"] = $"data:{opened.MediaType};base64,{Convert.ToBase64String(opened.Bytes)}";
            return opened.ToContent();
        }
    }

    // What a message says beside its content. Flags say nothing, and neither does what is empty: clients send back all members of an answer.
    private static AIContent? Said(string name, JsonNode? value) => value switch
    {
        null or JsonArray { Count: 0 } or JsonObject { Count: 0 } => null,
        JsonValue only when only.TryGetValue(out string? text) =>
            name is "reasoning" or "reasoning_content" or "thinking" ? new TextReasoningContent(text) : new TextContent(text),
        JsonValue only when JsonScalar.Flag(only) is not null => null,
        JsonValue number => new TextContent(number.ToJsonString()),
        _ => new FunctionCallContent(name, name, new Dictionary<string, object?> { [name] = JsonSerializer.SerializeToElement(value) }),
    };

    private static bool Flag(JsonNode? node, string param) => node is null
        ? false
        : JsonScalar.Flag(node) ?? throw ApiException.Invalid($"{param} must be true or false.", param);
}
