using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>One exchange with a real server, as golden/servers keeps it: the bytes that were sent and those that came back.</summary>
internal sealed class Recording
{
    private static readonly Lazy<IReadOnlyList<Recording>> All =
        new(() => [.. JsonNode.Parse(File.ReadAllText(At("vllm", "index.json")))!["recordings"]!.AsArray().Select(entry => new Recording(entry!))]);

    private readonly JsonNode headers;

    private Recording(JsonNode entry)
    {
        Name = (string)entry["name"]!;
        Server = (string)entry["server"]!;
        headers = JsonNode.Parse(File.ReadAllText(At("vllm", Name, "headers.json")))!;
        string sent = At("vllm", Name, "request.json");
        Sent = File.Exists(sent) ? File.ReadAllBytes(sent) : [];
        Body = (string?)entry["response"] is { } file ? File.ReadAllBytes(At("vllm", Name, file)) : [];
        Request = TryParse(Sent) as JsonObject;
        Reply = TryParse(Body) as JsonObject;
    }

    public string Name { get; }

    /// <summary>The server's flags, by a short name.</summary>
    public string Server { get; }

    public string Method => (string)headers["method"]!;

    public string Path => (string)headers["path"]!;

    public int Status => (int)headers["status"]!;

    /// <summary>The body that was sent.</summary>
    public byte[] Sent { get; }

    /// <summary>The body that came back, without transfer coding.</summary>
    public byte[] Body { get; }

    /// <summary>The body that was sent, where it is a JSON object.</summary>
    public JsonObject? Request { get; }

    /// <summary>The body that came back, where it is a JSON object.</summary>
    public JsonObject? Reply { get; }

    public bool IsStream => Body.AsSpan().StartsWith("data: "u8);

    /// <summary>Whether images were resampled by torchvision, which is up to 0.04 nats off Pillow and us.</summary>
    public bool IsResampledOtherwise => Server != "pillow" && Encoding.UTF8.GetString(Sent).Contains("image_url", StringComparison.Ordinal);

    /// <summary>Every byte that came back, from the status line on, as a server writes it.</summary>
    public byte[] Raw
    {
        get
        {
            string raw = At("vllm", Name, "raw.bin");
            if (File.Exists(raw)) return File.ReadAllBytes(raw);
            StringBuilder head = new($"HTTP/1.1 {Status} {headers["reason"]}\r\n");
            foreach (JsonNode? header in headers["response_headers"]!.AsArray()) head.Append($"{header![0]}: {header[1]}\r\n");
            using MemoryStream bytes = new();
            bytes.Write(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
            if ((string)headers["body"]! != "chunked") bytes.Write(Body);
            else
            {
                int at = 0;
                foreach (int size in headers["chunk_sizes"]!.AsArray().Select(size => (int)size!))
                {
                    bytes.Write(Encoding.ASCII.GetBytes($"{size:x}\r\n"));
                    bytes.Write(Body, at, size);
                    bytes.Write("\r\n"u8);
                    at += size;
                }
                if ((bool)headers["complete"]!) bytes.Write("0\r\n\r\n"u8);
            }
            return bytes.ToArray();
        }
    }

    public static string At(params string[] parts) => Golden.At(["servers", .. parts]);

    /// <summary>The recordings that are wanted; there must be some.</summary>
    public static IReadOnlyList<Recording> Where(Func<Recording, bool> wanted)
    {
        Recording[] found = [.. All.Value.Where(wanted)];
        Assert.NotEmpty(found);
        return found;
    }

    /// <summary>Chats that were answered with ids and log-probabilities, every setting stated.</summary>
    public static IReadOnlyList<Recording> Chats() => Where(one => one.IsPinnedChat && one.Reply?["choices"] is not null
        && (bool?)one.Request!["return_token_ids"] == true);

    /// <summary>Whether it is a chat that leaves no sampling setting to the server, and asks for nothing else.</summary>
    public bool IsPinnedChat => Path == "/v1/chat/completions" && Request is { } request && Pinned.All(request.ContainsKey) && request
        .All(one => Known.Contains(one.Key));

    private static readonly string[] Pinned = ["model", "messages", "max_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "logprobs",
        "return_token_ids", "skip_special_tokens"];

    private static readonly string[] Known = [.. Pinned, "top_logprobs", "seed", "n"];

    /// <summary>The messages of a request.</summary>
    public IReadOnlyList<ServerMessage> Messages =>
        [.. Request!["messages"]!.AsArray().Select(message => new ServerMessage((string)message!["role"]!, message["content"] is JsonArray parts
        ? [.. parts.Select(part => new ServerMessage.Part((string?)part!["text"], (string?)part["image_url"]?["url"]))]
        : [new ServerMessage.Part((string)message["content"]!, null)]))];

    public override string ToString() => Name;

    private static JsonNode? TryParse(byte[] body)
    {
        try
        {
            return body.Length == 0 || !System.Text.Unicode.Utf8.IsValid(body) ? null : JsonNode.Parse(body);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
