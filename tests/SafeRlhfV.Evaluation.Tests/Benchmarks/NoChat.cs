using Microsoft.Extensions.AI;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>A chat model that a function plays; without one it must not be asked.</summary>
internal sealed class NoChat(Func<IReadOnlyList<ChatMessage>, string>? reply = null) : IChatClient
{
    private int asked;

    public int Asked => asked;

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref asked);
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant,
            (reply ?? throw new InvalidOperationException("asked"))([.. messages]))));
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
