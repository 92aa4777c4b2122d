using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>A guard model behind an OpenAI-compatible service (vLLM, SGLang, ...), asked for the probabilities of its tokens.</summary>
public sealed class EndpointGuardModel : IGuardModel
{
    private const int Candidates = 10;

    private readonly HttpClient http;
    private readonly Uri address;
    private readonly string? key;
    private readonly string model;
    private readonly bool asksProbabilities;

    /// <summary>Creates the client.</summary>
    /// <param name="http">Sends the requests; not disposed.</param>
    /// <param name="endpoint">The service's base address with its version, such as http://127.0.0.1:8000/v1.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="key">The bearer key; null sends none.</param>
    /// <param name="asksProbabilities">Whether to ask for probabilities; some services refuse that.</param>
    public EndpointGuardModel(HttpClient http, Uri endpoint, string model, string? key, bool asksProbabilities = true)
    {
        (this.http, this.model, this.key, this.asksProbabilities) = (http, model, key, asksProbabilities);
        address = new Uri(endpoint.ToString().TrimEnd('/') + "/chat/completions");
    }

    internal Uri Address => address;

    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">The service refused.</exception>
    public async Task<GuardModelReply> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken)
    {
        JsonObject body = new()
        {
            ["model"] = model,
            ["messages"] = new JsonArray([.. messages.Select(Message)]),
            ["temperature"] = 0,
            ["max_tokens"] = maxTokens,
        };
        if (asksProbabilities) (body["logprobs"], body["top_logprobs"]) = (true, Candidates);
        using HttpRequestMessage request = new(HttpMethod.Post, address) { Content = JsonContent.Create(body) };
        if (key is not null) request.Headers.Authorization = new("Bearer", key);
        using HttpResponseMessage response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"The guard's service answered {(int)response.StatusCode}.", null, response.StatusCode);
        using JsonDocument document = await response.Content.ReadFromJsonAsync<JsonDocument>(cancellationToken).ConfigureAwait(false)
            ?? throw new FormatException("the guard's service answered null");
        return Read(document.RootElement, maxTokens);
    }

    private static JsonNode Message(ChatMessage message) => new JsonObject
    {
        ["role"] = message.Role.Value,
        ["content"] = message.Contents.All(content => content is TextContent)
            ? message.Text
            : new JsonArray([.. message.Contents.Select(Part)]),
    };

    private static JsonNode Part(AIContent content) => content switch
    {
        TextContent text => new JsonObject { ["type"] = "text", ["text"] = text.Text },
        DataContent data => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = data.Uri } },
        UriContent far => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = far.Uri.ToString() } },
        _ => throw new FormatException($"{content.GetType().Name} cannot be sent to the guard's service"),
    };

    private static GuardModelReply Read(JsonElement root, int maxTokens)
    {
        if (!root.TryGetProperty("choices", out JsonElement choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() != 1
            || !choices[0].TryGetProperty("message", out JsonElement message) || message.ValueKind != JsonValueKind.Object
            || !message.TryGetProperty("content", out JsonElement content) || content.ValueKind != JsonValueKind.String)
            throw new FormatException("the guard's service gave no text");
        if (choices[0].TryGetProperty("finish_reason", out JsonElement finish) && finish.ValueKind == JsonValueKind.String && finish.GetString() == "length")
            throw new FormatException($"the guard's answer was cut at {maxTokens} tokens");
        string text = content.GetString()!;
        GuardModelToken[] tokens = choices[0].TryGetProperty("logprobs", out JsonElement logprobs) && logprobs.ValueKind == JsonValueKind.Object
            && logprobs.TryGetProperty("content", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(Token)] : [];

        // where reasoning is taken out of the text, the tokens begin before it
        int lead = string.Concat(tokens.Select(token => token.Text)).LastIndexOf(text, StringComparison.Ordinal);
        return lead <= 0 ? new(text, lead < 0 ? [] : tokens) : new(text, Without(tokens, lead));
    }

    private static GuardModelToken[] Without(GuardModelToken[] tokens, int lead)
    {
        int skipped = 0, at = 0;
        while (skipped < tokens.Length && at + tokens[skipped].Text.Length <= lead) at += tokens[skipped++].Text.Length;
        return at == lead ? tokens[skipped..] : [];
    }

    private static GuardModelToken Token(JsonElement token) => new(token.GetProperty("token").GetString()!,
        token.TryGetProperty("top_logprobs", out JsonElement top) && top.ValueKind == JsonValueKind.Array
            ? [.. top.EnumerateArray().Select(one => (one.GetProperty("token").GetString()!, one.GetProperty("logprob").GetDouble()))]
            : []);
}
