using System.Runtime.CompilerServices;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Agents.Tests;

public sealed class GuardedAgentTests
{
    private static readonly IModerator Moderator = new PatternModerator([PatternRule.ForKeyword("animal_abuse", Severity.Severe, "falcon")]);

    [Fact]
    public async Task AnUnsafePromptDoesNotReachTheAgent()
    {
        Model model = new("fine");
        AgentResponse response = await Guarded(model).RunAsync("the falcon", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(GuardOutcome.PromptRefused, response.AsChatResponse().GetGuardReport()!.Outcome);
        Assert.NotNull(response.AsChatResponse().GetRefusal());
        Assert.Empty(model.Asked);
    }

    [Theory, InlineData(false, "user"), InlineData(true, "user"), InlineData(false, "system"), InlineData(true, "system")]
    public async Task AWithheldDraftLeavesTheSessionsHistory(bool streams, string feedbackRole)
    {
        Model model = new("a falcon", "a dove.", "a falcon", "a falcon", "a swan.");
        AIAgent agent = Guarded(model, options =>
        {
            options.Policy = () => GuardPolicy.Default with { Rounds = 1 };
            options.FeedbackRole = new(feedbackRole);
        });
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        AgentSession session = await agent.CreateSessionAsync(cancellationToken);

        Assert.Equal("a dove.", await AskAsync("one bird"));
        Assert.Equal(["one bird", "a dove."], History());
        Assert.Contains(model.Asked[1], text => text.Contains("withheld", StringComparison.Ordinal));

        Assert.DoesNotContain("falcon", await AskAsync("another bird"), StringComparison.Ordinal);
        Assert.Equal(["one bird", "a dove."], History());

        Assert.Equal("a swan.", await AskAsync("a third bird"));
        Assert.Equal(["one bird", "a dove.", "a third bird"], model.Asked[^1]);

        async Task<string> AskAsync(string question) => streams
            ? (await agent.RunStreamingAsync(question, session, cancellationToken: cancellationToken).ToAgentResponseAsync(cancellationToken)).Text
            : (await agent.RunAsync(question, session, cancellationToken: cancellationToken)).Text;

        string[] History() => session.TryGetInMemoryChatHistory(out List<ChatMessage>? history)
            ? [.. history.Select(message => message.Text)]
            : [];
    }

    [Fact]
    public void NothingIsGuardedWithNothing()
    {
        AIAgentBuilder builder = new ChatClientAgent(new Model("fine")).AsBuilder();
        Assert.Throws<ArgumentNullException>(() => builder.UseGuard((IModerator)null!));
        Assert.Throws<ArgumentNullException>(() => ((AIAgentBuilder)null!).UseGuard(Moderator));
        Assert.Throws<ArgumentNullException>(() => ((AIAgentBuilder)null!).UseGuard());
        Assert.Throws<InvalidOperationException>(() => builder.UseGuard().Build());
    }

    private static AIAgent Guarded(Model model, Action<GuardOptions>? configure = null) =>
        new ChatClientAgent(model).AsBuilder().UseGuard(Moderator, configure).Build();

    private sealed class Model(params string[] answers) : IChatClient
    {
        public List<string[]> Asked { get; } = [];

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            Asked.Add([.. messages.Select(message => message.Text)]);
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answers[Math.Min(Asked.Count, answers.Length) - 1])));
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (ChatResponseUpdate update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates()) yield return update;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
