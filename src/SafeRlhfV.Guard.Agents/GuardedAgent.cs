using System.Runtime.CompilerServices;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Agents;

/// <summary>An agent whose prompts and answers pass the guard: the guard sees it as a chat client.</summary>
internal sealed class GuardedAgent : DelegatingAIAgent
{
    private readonly GuardedChatClient guarded;

    public GuardedAgent(AIAgent inner, IServiceProvider services, Action<GuardOptions>? configure) : base(inner) =>
        guarded = new AgentChatClient().AsGuarded(services, configure);

    /// <inheritdoc/>
    protected override async Task<AgentResponse> RunCoreAsync(
        IEnumerable<ChatMessage> messages, AgentSession? session = null, AgentRunOptions? options = null, CancellationToken cancellationToken = default)
    {
        AgentRun run = new(InnerAgent, session, options);
        ChatResponse response = await guarded.GetResponseAsync(messages, run.ToOptions(), cancellationToken).ConfigureAwait(false);
        run.Settle(response.GetGuardReport()?.Outcome != GuardOutcome.Passed);
        return new(response) { AgentId = Id };
    }

    /// <inheritdoc/>
    protected override async IAsyncEnumerable<AgentResponseUpdate> RunCoreStreamingAsync(
        IEnumerable<ChatMessage> messages, AgentSession? session = null, AgentRunOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        AgentRun run = new(InnerAgent, session, options);
        await foreach (ChatResponseUpdate update in guarded.GetStreamingResponseAsync(messages, run.ToOptions(), cancellationToken).ConfigureAwait(false))
        {
            if (update.GetGuardReport() is { } report) run.Settle(report.Outcome != GuardOutcome.Passed);
            yield return new(update) { AgentId = Id };
        }
    }
}
