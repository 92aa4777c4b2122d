using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary><c>POST /v1/embeddings</c>: the texts are judged as a prompt is, and go on as they came.</summary>
internal sealed class EmbeddingsWire(LimitSettings limits) : IWire
{
    public Task<IWireAnswer> ReadAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken)
    {
        EmbeddingsFields.Table.Check(body);
        string model = JsonText.Required(body["model"], "model");
        if (body["encoding_format"] is { } format && JsonText.Required(format, "encoding_format") is not ("float" or "base64"))
            throw ApiException.Invalid("encoding_format must be float or base64.", "encoding_format");
        if (JsonScalar.Whole(body["dimensions"]) < 1) throw ApiException.Invalid("dimensions must be at least 1.", "dimensions");
        string? user = body["user"] is { } named ? JsonText.Required(named, "user") : null;
        ChatMessage message = new(ChatRole.User, [.. Texts(body["input"]).Select(text => new TextContent(text))]);
        ChatCall call = new(body, [message], key.ContextFor(model) with { EndUser = user })
        {
            Model = model,
            IsEmbedding = true,
            ExtraText = user ?? "",
        };
        return Task.FromResult<IWireAnswer>(new EmbeddingsAnswer(call));
    }

    private List<string> Texts(JsonNode? input)
    {
        if (JsonText.Of(input) is { } alone) return [alone];
        if (input is not JsonArray { Count: > 0 } list) throw ApiException.Invalid("input must be a text or a list of texts.", "input");
        if (list.Count > limits.Inputs) throw ApiException.Invalid($"There are {list.Count} inputs; {limits.Inputs} are allowed (limits.inputs).", "input");
        return [.. list.Select((one, i) => JsonText.Of(one)
            ?? throw ApiException.Invalid($"input[{i}] must be a text; token ids cannot be judged, and so cannot be sent.", $"input[{i}]",
                "unsupported_content"))];
    }
}
