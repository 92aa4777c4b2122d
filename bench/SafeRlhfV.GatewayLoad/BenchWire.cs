using System.Text;
using System.Text.Json.Nodes;

namespace SafeRlhfV.GatewayLoad;

/// <summary>One of the gateway's wires: what is sent on it, and how a whole stream of it ends.</summary>
/// <param name="Name">What <c>--wires</c> calls it.</param>
/// <param name="Path">Its address.</param>
/// <param name="StreamEnd">The end of every whole stream; null where the wire does not stream.</param>
/// <param name="Request">The members of a request beside model and stream, of a text and an image as a data URL, or null for none.</param>
internal sealed record BenchWire(string Name, string Path, string? StreamEnd, Func<string, string?, JsonObject> Request)
{
    private const string Base64Mark = ";base64,";

    public static IReadOnlyList<BenchWire> All { get; } =
    [
        new("chat", "/v1/chat/completions", "data: [DONE]\n\n", (text, image) => new() { ["messages"] = Turn(text, image, "text", ImageUrl) }),
        new("responses", "/v1/responses", "\n\n", (text, image) => new() { ["input"] = Turn(text, image, "input_text", InputImage) })
        {
            LastEvent = "event: response.completed\n",
        },
        new("messages", "/v1/messages", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            (text, image) => new() { ["max_tokens"] = 256, ["messages"] = Turn(text, image, "text", ImageSource) }),
        new("embeddings", "/v1/embeddings", null, (text, _) => new() { ["input"] = text }),
    ];

    /// <summary>The beginning of the last event of a whole stream, where its data differ from stream to stream.</summary>
    public string LastEvent { get; private init; } = "";

    /// <summary>A request.</summary>
    public byte[] Body(string text, string? image, bool stream)
    {
        JsonObject body = new() { ["model"] = "stub" };
        if (StreamEnd is not null) body["stream"] = stream;
        foreach ((string name, JsonNode? value) in Request(text, image)) body[name] = value?.DeepClone();
        return Encoding.UTF8.GetBytes(body.ToJsonString());
    }

    /// <summary>Whether the text of a stream is a whole one.</summary>
    public bool IsWhole(string stream)
    {
        if (StreamEnd is null || !stream.EndsWith(StreamEnd, StringComparison.Ordinal)) return false;
        int last = stream.LastIndexOf("\n\n", stream.Length - 3, StringComparison.Ordinal) + 2;
        return stream.AsSpan(last).StartsWith(LastEvent, StringComparison.Ordinal);
    }

    private static JsonArray Turn(string text, string? image, string kind, Func<string, JsonObject> shown) =>
    [
        new JsonObject
        {
            ["role"] = "user",
            ["content"] = image is null ? text : new JsonArray(shown(image), new JsonObject { ["type"] = kind, ["text"] = text }),
        },
    ];

    private static JsonObject ImageUrl(string image) => new() { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = image } };

    private static JsonObject InputImage(string image) => new() { ["type"] = "input_image", ["image_url"] = image };

    private static JsonObject ImageSource(string image)
    {
        int mark = image.IndexOf(Base64Mark, StringComparison.Ordinal);
        return new()
        {
            ["type"] = "image",
            ["source"] = new JsonObject
            {
                ["type"] = "base64",
                ["media_type"] = image["data:".Length..mark],
                ["data"] = image[(mark + Base64Mark.Length)..],
            },
        };
    }
}
