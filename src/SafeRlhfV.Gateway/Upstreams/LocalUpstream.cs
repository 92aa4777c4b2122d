using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>A chat model on this machine as an upstream: turns the caller's parameters into options, and refuses with a 400 what it cannot honour.</summary>
internal sealed class LocalUpstream(IChatClient inner) : DelegatingChatClient(inner)
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

    private static UpstreamException Refused(InvalidInputException error) => new(400, error.Message, true, "unsupported_by_model", error);

    private ChatOptions Translate(ChatOptions? options)
    {
        ChatCall call = ChatCall.Of(options, this);
        JsonObject body = call.Body;
        if (body["n"] is JsonValue n && n.GetValue<int>() > 1) throw Cannot("n above 1", "n");
        if (body["tools"] is JsonArray { Count: > 0 } || body["functions"] is JsonArray { Count: > 0 }) throw Cannot("tools", "tools");
        if (body["logprobs"] is JsonValue logprobs && logprobs.TryGetValue(out bool wanted) && wanted) throw Cannot("logprobs", "logprobs");
        if (body["logit_bias"] is JsonObject { Count: > 0 }) throw Cannot("logit_bias", "logit_bias");
        if (body["response_format"] is JsonObject format && format["type"]?.ToString() is not (null or "text"))
            throw Cannot("a response_format other than text", "response_format");
        return new()
        {
            Temperature = options!.Temperature,
            TopP = options.TopP,
            TopK = Whole(body, "top_k"),
            MaxOutputTokens = options.MaxOutputTokens,
            Seed = Whole(body, "seed"),
            FrequencyPenalty = Number(body, "frequency_penalty"),
            PresencePenalty = Number(body, "presence_penalty"),
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

    private static int? Whole(JsonObject body, string name) => body[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out int number) => number,
        _ => throw ApiException.Invalid($"{name} must be a whole number.", name),
    };

    private static float? Number(JsonObject body, string name) => body[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out double number) => (float)number,
        _ => throw ApiException.Invalid($"{name} must be a number.", name),
    };

    private static ApiException Cannot(string what, string param) => ApiException.Invalid($"This model runs on a local checkpoint, which cannot honour {what}.",
        param, "unsupported_parameter");
}
