using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Annotation;

/// <summary>The journalled caller as a chat client, for one item, stage and sample.</summary>
internal sealed class CallerChatClient(ModelCaller caller, ChatModelSettings model, string stage, string item, int sample, CancellationToken cancel)
    : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        CallReply reply = await caller.AskAsync(new(model, stage, item, [.. messages], options?.ResponseFormat, sample), cancel).ConfigureAwait(false);
        return new(new ChatMessage(ChatRole.Assistant, reply.Text)) { FinishReason = new(reply.Finish), ModelId = model.Model };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (ChatResponseUpdate update in (await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)).ToChatResponseUpdates())
            yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() { }
}
