using System.Buffers;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Asks an OpenAI-compatible service with the caller's own JSON, so that parameters and tools pass through unchanged. Tries again, and leaves a service that
/// keeps failing alone for a while.
/// </summary>
internal sealed class UpstreamChatClient : IChatClient
{
    private const int LargestAnswer = 32 * 1024 * 1024;
    private readonly UpstreamSettings _settings;
    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private readonly CircuitBreakerStateProvider _breaker = new();

    public UpstreamChatClient(UpstreamSettings settings, TimeProvider? clock = null)
    {
        _settings = settings;
        _address = new(settings.Endpoint!.ToString().TrimEnd('/') + "/chat/completions");
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
        PredicateBuilder<HttpResponseMessage> failed = new PredicateBuilder<HttpResponseMessage>()
            .Handle<HttpRequestException>().Handle<TimeoutRejectedException>().HandleResult(response => (int)response.StatusCode is 408 or >= 500);
        ResiliencePipelineBuilder<HttpResponseMessage> builder = new() { TimeProvider = clock };
        if (settings.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = settings.Retries,
                Delay = TimeSpan.FromMilliseconds(100),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = failed.HandleResult(response => (int)response.StatusCode == 429),
            });
        }
        builder.AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
        {
            FailureRatio = 0.5,
            MinimumThroughput = 10,
            SamplingDuration = TimeSpan.FromSeconds(30),
            BreakDuration = settings.Break < TimeSpan.FromSeconds(0.5) ? TimeSpan.FromSeconds(0.5) : settings.Break,
            ShouldHandle = failed,
            StateProvider = _breaker,
        });
        builder.AddTimeout(new TimeoutStrategyOptions { Timeout = settings.Timeout });
        _pipeline = builder.Build();
    }

    /// <summary>Whether it is being left alone.</summary>
    public bool IsBroken => _breaker.CircuitState is CircuitState.Open or CircuitState.Isolated;

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await SendAsync(messages, ChatCall.Of(options), false, cancellationToken);
        JsonNode? answer;
        try
        {
            answer = JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken), null, new() { MaxDepth = 64, AllowDuplicateProperties = false });
            _ = answer?.ToJsonString();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw UpstreamException.Garbled("it is not JSON", error);
        }
        return CompletionReader.Read(answer);
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await SendAsync(messages, ChatCall.Of(options), true, cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType is not "text/event-stream") throw UpstreamException.Garbled("it is no stream");
        ChunkReader chunks = new();
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (string data in ServerSentEvents.ReadAsync(stream, _settings.IdleTimeout, cancellationToken))
        {
            if (data == "[DONE]") break;
            if (chunks.Read(data) is { } update) yield return update;
        }
        yield return chunks.Finish();
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(IEnumerable<ChatMessage> messages, ChatCall call, bool stream, CancellationToken cancellationToken)
    {
        byte[] body = Body(messages, call, stream);
        HttpResponseMessage response;
        try
        {
            response = await _pipeline.ExecuteAsync(async token => await TryAsync(body, stream, token), cancellationToken);
        }
        catch (BrokenCircuitException error)
        {
            throw new UpstreamException(503, "The model is not available at present.", true, "upstream_unavailable", error);
        }
        catch (TimeoutRejectedException error)
        {
            throw new UpstreamException(504, "The model did not answer in time.", true, "upstream_timeout", error);
        }
        catch (HttpRequestException error)
        {
            throw new UpstreamException(502, "The model could not be reached, or its answer was cut off.", true, "upstream_unreachable", error);
        }
        if (response.IsSuccessStatusCode) return response;
        using (response) throw await RefusalAsync(response, cancellationToken);
    }

    private async Task<HttpResponseMessage> TryAsync(byte[] body, bool stream, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, _address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(stream ? "text/event-stream" : "application/json"));
        if (_settings.Key is { } key) request.Headers.Authorization = new("Bearer", key);
        return await _http.SendAsync(request, stream ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead, cancellationToken);
    }

    // Written straight from what the caller sent: a copy of a body full of images costs more than all else here.
    private byte[] Body(IEnumerable<ChatMessage> messages, ChatCall call, bool stream)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter writer = new(buffer);
        writer.WriteStartObject();
        foreach ((string name, JsonNode? value) in call.Body)
        {
            if (name is "stream" or "stream_options" or "messages" || (name == "model" && _settings.Model is not null)) continue;
            writer.WritePropertyName(name);
            Write(value);
        }
        if (_settings.Model is { } model) writer.WriteString("model", model);
        writer.WriteBoolean("stream", stream);
        if (stream)
        {
            writer.WriteStartObject("stream_options");
            writer.WriteBoolean("include_usage", true); // for the token limits
            writer.WriteEndObject();
        }
        writer.WriteStartArray("messages");
        foreach (JsonNode? message in (JsonArray)call.Body["messages"]!) Write(message);
        foreach (ChatMessage feedback in messages.Skip(call.Messages.Count))
        {
            writer.WriteStartObject();
            writer.WriteString("role", feedback.Role.Value);
            writer.WriteString("content", feedback.Text);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();

        void Write(JsonNode? node)
        {
            if (node is null) writer.WriteNullValue();
            else node.WriteTo(writer);
        }
    }

    // What the service finds wrong with the request is the caller's to know; what it finds wrong with the gateway is not.
    private static async Task<UpstreamException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        int status = (int)response.StatusCode;
        if (status == 429) return new(429, "The model is overloaded.", true, "upstream_overloaded");
        if (status is not (400 or 404 or 413 or 422)) return new(502, "The model has failed.", true, "upstream_failed");
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
        return new(status, message ?? "The model has refused the request.", status == 404, "upstream_refused");
    }
}
