using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Asks an OpenAI-compatible service with the caller's own JSON, so that parameters and tools pass through unchanged. Tries again, and leaves a service that
/// keeps failing alone for a while.
/// </summary>
internal sealed class UpstreamChatClient : IChatClient
{
    private const int LargestAnswer = 32 * 1024 * 1024;
    private readonly UpstreamSettings settings;
    private readonly int longestAnswer;
    private readonly HttpMessageInvoker http; // an HttpClient would watch each call with a time limit of its own
    private readonly Uri address, embeddings;
    private readonly CircuitBreaker breaker;
    private readonly (string Header, string Value)? authorization;

    /// <summary>Creates the client.</summary>
    /// <param name="settings">The service.</param>
    /// <param name="longestAnswer">The most characters of an answer.</param>
    /// <param name="clock">The clock.</param>
    public UpstreamChatClient(UpstreamSettings settings, int longestAnswer = 4_000_000, TimeProvider? clock = null)
    {
        this.longestAnswer = longestAnswer;
        breaker = new(settings.Break, clock ?? TimeProvider.System);
        this.settings = settings;
        if (settings.Key is { } key) authorization = settings.KeyHeader is { } header ? (header, key) : ("Authorization", $"Bearer {key}");
        (address, embeddings) = (At("chat/completions"), At("embeddings"));
        http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2)
        });

        Uri At(string path)
        {
            UriBuilder whole = new(settings.Endpoint!);
            whole.Path = $"{whole.Path.TrimEnd('/')}/{path}";
            return whole.Uri;
        }
    }

    /// <summary>Its name in the settings.</summary>
    public string Name => settings.Name;

    /// <summary>What it calls the model; null for the caller's name.</summary>
    public string? Model => settings.Model;

    /// <summary>Where it is asked.</summary>
    public Uri Address => address;

    /// <summary>Whether it is being left alone, or could not be reached at last.</summary>
    public bool IsBroken => breaker.IsDown;

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await SendAsync(messages, options, false, cancellationToken);
        byte[] json = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        ChatCall call = ChatCall.Of(options, this);
        JsonNode? answer;
        try
        {
            if (call.IsEmbedding)
                return EmbeddingReader.Read(json, (call.Body["input"] as JsonArray)?.Count ?? 1, JsonText.Of(call.Body["encoding_format"]) == "base64");
            answer = StrictJson.ParseAnswer(json, out bool hasHalves);
            if (hasHalves) SplitCharacters.Mend(answer);
        }
        catch (Exception error) when (StrictJson.IsFault(error))
        {
            throw UpstreamException.Garbled("it is not JSON", error);
        }
        return CompletionReader.Read(answer, Reader(options));
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await SendAsync(messages, options, true, cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType is not "text/event-stream") throw UpstreamException.Garbled("it is no stream");
        ChunkReader chunks = new(Reader(options));
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (ReadOnlyMemory<byte> data in ServerSentEvents.ReadAsync(stream, settings.IdleTimeout, cancellationToken))
        {
            if (data.Span.SequenceEqual("[DONE]"u8)) break;
            foreach (ChatResponseUpdate update in chunks.Read(data.Span)) yield return update;
        }
        foreach (ChatResponseUpdate update in chunks.Finish()) yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => http.Dispose();

    private AnswerReader Reader(ChatOptions? options) => new(ChatCall.Of(options, this), settings.DropsUnknownFields, longestAnswer);

    private async Task<HttpResponseMessage> SendAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, bool stream,
        CancellationToken cancellationToken)
    {
        ChatCall call = ChatCall.Of(options, this);
        if (options.GetPlaceholders() is { } placeholders) call = call with { Body = RedactedBody.Of(call.Body, placeholders) };
        byte[] body = Body(messages, call, stream);
        HttpResponseMessage response = await TryAsync(call.IsEmbedding ? embeddings : address, body, stream, cancellationToken);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw await RefusalAsync(response, cancellationToken);
    }

    // What failed, or was turned away with "too many", is tried again after a pause that doubles; the last try's outcome counts.
    private async Task<HttpResponseMessage> TryAsync(Uri to, byte[] body, bool stream, CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            bool isLast = attempt >= settings.Retries;
            try
            {
                HttpResponseMessage response = await OnceAsync(to, body, stream, cancellationToken);
                if (isLast || !(response.StatusCode == HttpStatusCode.TooManyRequests || IsFailure(response))) return response;
                response.Dispose();
            }
            catch (UpstreamException) when (!isLast && !breaker.IsOpen)
            {
                // once more
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100 * (1 << Math.Min(attempt, 10)) * (0.5 + Random.Shared.NextDouble())), cancellationToken);
        }
    }

    private async Task<HttpResponseMessage> OnceAsync(Uri to, byte[] body, bool stream, CancellationToken cancellationToken)
    {
        if (!breaker.TryEnter()) throw new UpstreamException(503, "The model is not available at present.", true, "upstream_unavailable");
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.Timeout);
        try
        {
            HttpResponseMessage response = await SendAsync(to, body, stream, limit.Token);
            if (IsFailure(response)) breaker.Failed();
            else breaker.Succeeded();
            return response;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            breaker.Abandoned();
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException error)
        {
            breaker.Failed();
            throw new UpstreamException(504, "The model did not answer in time.", true, "upstream_timeout", error);
        }
        catch (HttpRequestException error)
        {
            breaker.Failed(error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError);
            throw new UpstreamException(502, "The model could not be reached, or its answer was cut off.", true, "upstream_unreachable", error);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Uri to, byte[] body, bool stream, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, to) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Accept", stream ? "text/event-stream" : "application/json");
        if (authorization is { } key) request.Headers.TryAddWithoutValidation(key.Header, key.Value);
        HttpResponseMessage response = await http.SendAsync(request, cancellationToken);
        if (stream) return response;
        try
        {
            await response.Content.LoadIntoBufferAsync(LargestAnswer, cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static bool IsFailure(HttpResponseMessage response) => (int)response.StatusCode is 408 or >= 500;

    // Written straight from what the caller sent: a copy of a body full of images costs more than all else here.
    private byte[] Body(IEnumerable<ChatMessage> messages, ChatCall call, bool stream) =>
        JsonReply.Render((settings, messages, call, stream),
            static (writer, state) => Write(writer, state.settings, state.messages, state.call, state.stream));

    private static void Write(Utf8JsonWriter writer, UpstreamSettings settings, IEnumerable<ChatMessage> messages, ChatCall call, bool stream)
    {
        string? model = settings.Model;
        JsonObject body = ControlTokens.Apply(call.Body, settings.ControlTokens);
        writer.WriteStartObject();
        foreach ((string name, JsonNode? value) in body)
        {
            if (name is "stream" or "stream_options" or "messages" || (name == "model" && model is not null)) continue;
            if (RequestFields.ByPath.GetValueOrDefault(name)?.Use == FieldUse.Stripped) continue;
            writer.WritePropertyName(name);
            if (JsonScalar.IsWhole(value, name, out long whole)) writer.WriteNumberValue(whole);
            else Write(value);
        }
        if (model is not null) writer.WriteString("model", model);
        if (call.IsEmbedding)
        {
            writer.WriteEndObject();
            return;
        }
        writer.WriteBoolean("stream", stream);
        if (stream)
        {
            writer.WriteStartObject("stream_options");
            writer.WriteBoolean("include_usage", true); // for the token limits
            writer.WriteEndObject();
        }
        writer.WriteStartArray("messages");
        JsonArray sent = (JsonArray)body["messages"]!;
        ChatMessage[] asked = [.. messages];
        for (int i = 0; i < sent.Count; i++) Write(i == sent.Count - 1 ? WithFeedback(sent[i], call.Messages[i], asked[i]) : sent[i]);
        foreach (ChatMessage feedback in asked[sent.Count..])
        {
            writer.WriteStartObject();
            writer.WriteString("role", feedback.Role.Value);
            writer.WriteString("content", feedback.Text);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();

        void Write(JsonNode? node)
        {
            if (node is null) writer.WriteNullValue();
            else node.WriteTo(writer);
        }
    }

    // The guard's feedback is the last content of the last turn.
    private static JsonNode? WithFeedback(JsonNode? sent, ChatMessage read, ChatMessage asked)
    {
        if (asked.Contents.Count == read.Contents.Count) return sent;
        string feedback = ((TextContent)asked.Contents[^1]).Text;
        JsonNode turn = sent!.DeepClone();
        if (turn["content"] is JsonArray parts) parts.Add(new JsonObject { ["type"] = "text", ["text"] = feedback });
        else turn["content"] = JsonText.Of(turn["content"]) + feedback;
        return turn;
    }

    // What the service finds wrong with the request is the caller's to know, but in our words: its own can hold addresses, keys or text that nobody has judged.
    private static async Task<UpstreamException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        int status = (int)response.StatusCode;
        if (status == 429) return new(429, "The model is overloaded.", true, "upstream_overloaded") { UpstreamStatus = status };
        if (status is not (400 or 404 or 413 or 422)) return new(502, "The model has failed.", true, "upstream_failed") { UpstreamStatus = status };
        string? message = null;
        try
        {
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (body.Length < 100_000 && JsonNode.Parse(body)?["error"]?["message"] is JsonValue value) value.TryGetValue(out message);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or HttpRequestException or IOException)
        {
            // then there is only the status
        }
        return message?.Contains("context length", StringComparison.OrdinalIgnoreCase) is true || message?.Contains("max_model_len") is true
            ? new(status, "The conversation and the wanted tokens are more than the model reads; shorten one of them.", false, "context_length_exceeded")
            : new(status, "The model has refused the request.", status == 404, "upstream_refused") { UpstreamStatus = status };
    }
}
