using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>A chat model on this machine as an upstream: turns the caller's parameters into options, and refuses with a 400 what it cannot honour.</summary>
internal sealed class LocalUpstream(IChatClient inner, ControlTokenUse use) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        try
        {
            return await base.GetResponseAsync(messages, Translate(options), cancellationToken);
        }
        catch (InvalidInputException error)
        {
            throw Refused(error);
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using IAsyncEnumerator<ChatResponseUpdate> updates = base.GetStreamingResponseAsync(messages, Translate(options), cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync()) yield break;
            }
            catch (InvalidInputException error)
            {
                throw Refused(error);
            }
            yield return updates.Current;
        }
    }

    private static UpstreamException Refused(InvalidInputException error) => error.IsModelBroken
        ? new(502, "The model's numbers are not finite.", true, inner: error)
        : new(400, error.Message, true, "unsupported_by_model", error);

    private ChatOptions Translate(ChatOptions? options)
    {
        ChatCall call = ChatCall.Of(options, this);
        JsonObject body = call.Body;
        if (call.IsEmbedding)
            throw ApiException.Invalid("This model runs on a local checkpoint, which gives no embeddings.", "model", "unsupported_parameter");
        if (use == ControlTokenUse.Refuse) ControlTokens.Apply(body, use); // else they are read as text, as all that a caller writes
        if (LocalFields.FindUnhonoured(body) is { } name)
            throw ApiException.Invalid($"This model runs on a local checkpoint, which cannot honour {name}; leave it out.", name, "unsupported_parameter");
        return new()
        {
            Temperature = options!.Temperature,
            TopP = options.TopP,
            TopK = JsonScalar.Int(body["top_k"]),
            MaxOutputTokens = options.MaxOutputTokens,
            Seed = JsonScalar.Whole(body["seed"]),
            StopSequences = Stops(body["stop"]),
        };
    }

    private static List<string>? Stops(JsonNode? stop) => stop switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? one) => [one],
        JsonArray list when list.All(item => item is JsonValue value && value.TryGetValue(out string? _)) => [.. list.Select(item => item!.GetValue<string>())],
        _ => throw ApiException.Invalid("stop must be a text or a list of texts.", "stop"),
    };
}
