using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Any chat client as a guard model, such as a checkpoint on this machine. It gives no probabilities: scores are 0 or 1.</summary>
/// <param name="client">The client; not disposed.</param>
public sealed class ChatGuardModel(IChatClient client) : IGuardModel
{
    /// <inheritdoc/>
    public async Task<GuardModelReply> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken)
    {
        ChatOptions options = new() { Temperature = 0, MaxOutputTokens = maxTokens };
        ChatResponse response = await client.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        return response.FinishReason == ChatFinishReason.Length
            ? throw new FormatException($"the guard's answer was cut at {maxTokens} tokens")
            : new(response.Text, []);
    }
}
