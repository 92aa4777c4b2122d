using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

/// <summary>A chat model whose answers a test writes, by round; it streams them in the pieces it is told to.</summary>
internal sealed class StubChatClient(Func<int, IReadOnlyList<ChatMessage>, ChatResponse> answer, Func<string, IEnumerable<string>>? split = null) : IChatClient
{
    public StubChatClient(params string[] answers) : this((round, _) => Answer(answers[Math.Min(round, answers.Length - 1)])) { }

    public List<IReadOnlyList<ChatMessage>> Calls { get; } = [];

    public int Pulled { get; private set; }

    public bool Disposed { get; private set; }

    public static ChatResponse Answer(params IList<AIContent> contents) =>
        new(new ChatMessage(ChatRole.Assistant, contents)) { FinishReason = ChatFinishReason.Stop, ResponseId = "r", ModelId = "stub" };

    public static ChatResponse Answer(string text) => Answer(new TextContent(text));

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Calls.Add([.. messages]);
        return Task.FromResult(answer(Calls.Count - 1, Calls[^1]));
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken);
        try
        {
            foreach (AIContent content in response.Messages[0].Contents)
            {
                IEnumerable<AIContent> pieces = content switch
                {
                    TextContent text => Split(text.Text).Select(piece => new TextContent(piece)),
                    TextReasoningContent text => Split(text.Text).Select(piece => new TextReasoningContent(piece)),
                    _ => [content],
                };
                foreach (AIContent piece in pieces)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Pulled++;
                    yield return new(ChatRole.Assistant, [piece]) { ResponseId = "r", ModelId = "stub", RawRepresentation = piece.ToString() };
                }
            }
            yield return new(ChatRole.Assistant, [new UsageContent(new() { TotalTokenCount = 7 })]) { FinishReason = ChatFinishReason.Stop, ResponseId = "r" };
        }
        finally
        {
            Disposed = true;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() { }

    private IEnumerable<string> Split(string text) => split?.Invoke(text) ?? text.Select(letter => letter.ToString());
}
