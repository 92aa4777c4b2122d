using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Agents;

/// <summary>One guarded run of an agent: carried through the guard by the chat options, and able to take its drafts out of the session's history.</summary>
internal sealed class AgentRun
{
    private readonly AIAgent agent;
    private readonly AgentSession? session;
    private readonly AgentRunOptions? options;
    private readonly List<ChatMessage> before;
    private ChatMessage[]? asked, sent; // as the caller wrote it, and as the last draft answers it

    public AgentRun(AIAgent agent, AgentSession? session, AgentRunOptions? options)
    {
        (this.agent, this.session, this.options) = (agent, session, options);
        before = History() is { } history ? [.. history] : [];
    }

    public ChatOptions ToOptions() => new()
    {
        ResponseFormat = options?.ResponseFormat ?? (options as ChatClientAgentRunOptions)?.ChatOptions?.ResponseFormat,
        RawRepresentationFactory = _ => this,
    };

    public static AgentRun Of(ChatOptions? options, IChatClient client) =>
        options?.RawRepresentationFactory?.Invoke(client) as AgentRun ?? throw new InvalidOperationException("The options carry no run of an agent.");

    public Task<AgentResponse> AskAsync(IEnumerable<ChatMessage> messages, CancellationToken cancellationToken)
    {
        return agent.RunAsync(Begin(messages), session, options?.Clone(), cancellationToken);
    }

    public IAsyncEnumerable<AgentResponseUpdate> AskStreamingAsync(IEnumerable<ChatMessage> messages, CancellationToken cancellationToken)
    {
        return agent.RunStreamingAsync(Begin(messages), session, options?.Clone(), cancellationToken);
    }

    /// <summary>Leaves in the session's history what the caller knows of: nothing of what was withheld, nor what the guard told the agent about it.</summary>
    public void Settle(bool isWithheld)
    {
        if (isWithheld) Withdraw();
        else if (!ReferenceEquals(asked, sent) && History() is { } history)
        {
            // the guard's feedback is the end of the last message, or a message of its own
            ChatMessage told = sent![^1];
            int at = history.FindIndex(Math.Min(before.Count, history.Count), message => message.Role == told.Role && message.Text == told.Text);
            if (at < 0) return;
            history = [.. history];
            if (sent.Length == asked!.Length) history[at] = asked[^1];
            else history.RemoveAt(at);
            session!.SetInMemoryChatHistory(history);
        }
    }

    // another draft begins where the one before began
    private ChatMessage[] Begin(IEnumerable<ChatMessage> messages)
    {
        Withdraw();
        sent = [.. messages];
        asked ??= sent;
        return sent;
    }

    private void Withdraw()
    {
        if (asked is not null && History() is not null) session!.SetInMemoryChatHistory([.. before]);
    }

    private List<ChatMessage>? History() => session is not null && session.TryGetInMemoryChatHistory(out List<ChatMessage>? history) ? history : null;
}
