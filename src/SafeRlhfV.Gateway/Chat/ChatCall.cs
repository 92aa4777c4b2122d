using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>A chat request that was read and found sound.</summary>
/// <param name="Body">What was sent, with fetched images put in place of their addresses; goes to the upstream as it is.</param>
/// <param name="Messages">The same messages for the guard.</param>
/// <param name="Context">Who asks.</param>
internal sealed record ChatCall(JsonObject Body, IReadOnlyList<ChatMessage> Messages, GuardContext Context)
{
    public required string Model { get; init; }

    public bool IsStream { get; init; }

    public bool WantsUsage { get; init; }

    /// <summary>Whether embeddings of the texts are asked for instead of an answer to them; the body is an embeddings request then.</summary>
    public bool IsEmbedding { get; init; }

    /// <summary>What it asks of moderation; null where it asks for nothing.</summary>
    public ModerationAsked? Moderation { get; init; }

    /// <summary>Its name in headers, in its answer and in the audit trail.</summary>
    public string RequestId { get; } = RequestNames.Create();

    /// <summary>When it came, in seconds of Unix.</summary>
    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>The name of its answer.</summary>
    public string CompletionId => $"chatcmpl-{RequestId}";

    /// <summary>The names by which the upstream called its reasoning; the answer calls it so too.</summary>
    public ISet<string> ReasoningNames { get; } = new HashSet<string>();

    /// <summary>The text beside the messages, such as tools and schemas, for the guard alone.</summary>
    public string ExtraText { get; init; } = "";

    /// <summary>The texts of the documents that the model is given beside the messages.</summary>
    public IReadOnlyList<string> Documents => Body["documents"] switch
    {
        null => [],
        JsonArray list => [.. list.Select(one => JsonWords.Of(JsonSerializer.SerializeToElement(one)))],
        JsonNode other => [JsonWords.Of(JsonSerializer.SerializeToElement(other))],
    };

    /// <summary>The tokens of all answers drafted for it, those that were withheld too: each has its price.</summary>
    public long Tokens { get; set; }

    /// <summary>The upstream that answered last, by its name in the settings.</summary>
    public string? Upstream { get; set; }

    /// <summary>What that upstream calls the model.</summary>
    public string? UpstreamModel { get; set; }

    /// <summary>The trace that the caller's request belongs to; null where it says none.</summary>
    public string? TraceId { get; set; }

    /// <summary>The request's id for the caller (<c>x-request-id</c>).</summary>
    public string? ClientRequest { get; set; }

    /// <summary>The options that carry this call through the guard to the upstream.</summary>
    public ChatOptions ToOptions() => new()
    {
        ModelId = Model,
        Temperature = Number("temperature"),
        TopP = Number("top_p"),
        MaxOutputTokens = JsonScalar.Int(Body["max_completion_tokens"]) ?? JsonScalar.Int(Body["max_tokens"]),
        ResponseFormat = JsonText.Of((Body["response_format"] as JsonObject)?["type"]) is "json_object" or "json_schema" ? ChatResponseFormat.Json : null,
        RawRepresentationFactory = _ => this,
    };

    /// <summary>The call that options carry.</summary>
    /// <param name="options">The options.</param>
    /// <param name="client">Who asks for it.</param>
    public static ChatCall Of(ChatOptions? options, IChatClient client) =>
        options?.RawRepresentationFactory?.Invoke(client) as ChatCall ?? throw new InvalidOperationException("The options carry no call.");

    private float? Number(string name) => Body[name] is JsonValue value && value.TryGetValue(out double number) ? (float)number : null;
}
