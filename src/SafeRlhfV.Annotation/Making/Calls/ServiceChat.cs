using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

namespace SafeRlhfV.Annotation;

/// <summary>A chat model of an OpenAI-compatible service. Retries and time limits are the HTTP client's; a schema is sent as it is.</summary>
public sealed class ServiceChat : DelegatingChatClient
{
    private ServiceChat(IChatClient inner) : base(inner) { }

    /// <summary>Opens a model of a service.</summary>
    /// <param name="endpoint">The service's base address, such as http://127.0.0.1:8000/v1.</param>
    /// <param name="model">The model's name there.</param>
    /// <param name="key">The key; null sends none of use.</param>
    /// <param name="http">Sends the requests, with its own retries; not disposed.</param>
    public static IChatClient Open(Uri endpoint, string model, string? key, HttpClient http) =>
        new ServiceChat(new OpenAIClient(new ApiKeyCredential(key ?? "none"), new OpenAIClientOptions
        {
            Endpoint = endpoint,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            Transport = new HttpClientPipelineTransport(http),
        }).GetChatClient(model).AsIChatClient());

    /// <inheritdoc/>
    public override Task<ChatResponse> GetResponseAsync(IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        base.GetResponseAsync(messages, AsGiven(options), cancellationToken);

    /// <inheritdoc/>
    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages,
        ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetStreamingResponseAsync(messages, AsGiven(options), cancellationToken);

    // The adapter moves bounds such as maximum and maxLength into descriptions, where no server enforces them.
    private static ChatOptions? AsGiven(ChatOptions? options)
    {
        if (options?.ResponseFormat is not ChatResponseFormatJson { Schema: { } schema } format || options.RawRepresentationFactory is not null) return options;
        ChatOptions given = options.Clone();
        given.RawRepresentationFactory = _ => new ChatCompletionOptions
        {
            ResponseFormat = OpenAI.Chat.ChatResponseFormat.CreateJsonSchemaFormat(format.SchemaName ?? "reply",
                BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(schema))),
        };
        return given;
    }
}
