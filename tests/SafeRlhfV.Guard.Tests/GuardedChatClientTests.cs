using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class GuardedChatClientTests
{
    [Fact]
    public async Task OneLineGuardsAClient()
    {
        StubChatClient model = new("a bad answer", "a good answer");
        IChatClient client = model.AsGuarded(ScriptedModerator.Finds("bad"));
        ChatResponse response = await client.GetResponseAsync("question");
        Assert.Equal("a good answer", response.Text);
        GuardReport report = response.GetGuardReport()!;
        Assert.Equal(GuardOutcome.Passed, report.Outcome);
        Assert.Equal(2, report.Rounds.Count);
        Assert.Contains("dangerous behavior", model.Calls[1][^1].Text);
        Assert.DoesNotContain("bad", model.Calls[1][^1].Text);
    }

    [Fact]
    public async Task TheModeratorCanComeFromTheServices()
    {
        IChatClient client = new ChatClientBuilder(new StubChatClient("fine")).Use((inner, services) => inner.AsGuarded(services))
            .Build(new Services(ScriptedModerator.Finds("bad")));
        Assert.Equal("fine", (await client.GetResponseAsync("question")).Text);
        Assert.Throws<InvalidOperationException>(() =>
            new ChatClientBuilder(new StubChatClient("fine")).Use((inner, services) => inner.AsGuarded(services)).Build());
    }

    [Fact]
    public async Task AnUnsafePromptNeverReachesTheModel()
    {
        StubChatClient model = new("fine");
        ChatResponse response = await Guard(model, "bad").GetResponseAsync("a bad question");
        Assert.Empty(model.Calls);
        Assert.Equal(ChatFinishReason.ContentFilter, response.FinishReason);
        Assert.Contains("dangerous behavior", response.GetRefusal());
        Assert.Empty(response.Text);
        Assert.Equal(GuardOutcome.PromptRefused, response.GetGuardReport()!.Outcome);
    }

    [Fact]
    public async Task ThePromptIsCheckedWithAllItsImagesAndTurns()
    {
        ScriptedModerator moderator = new(_ => Verdict.Safe("s"));
        await new GuardedChatClient(new StubChatClient("fine"), new() { Moderator = moderator }).GetResponseAsync(
        [
            new(ChatRole.System, "Be kind."),
            new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png"), new TextContent("First part")]),
            new(ChatRole.Assistant, "Yes?"),
            new(ChatRole.User, [new TextContent("second part"), new DataContent(new byte[] { 2 }, "image/png"),
                new UriContent("https://example.org/a.png", "image/png")]),
        ]);
        IReadOnlyList<ModerationRequest> prompt = moderator.Calls[0];
        Assert.Equal(["second part", "First part\nsecond part"], prompt.Select(request => request.Question));
        Assert.All(prompt, request => Assert.Equal(3, request.Images.Count));
        Assert.Equal("fine", moderator.Calls[1][0].Response);
        Assert.Equal(3, moderator.Calls[1][0].Images.Count);
    }

    [Fact]
    public async Task HarmSplitOverTurnsIsFound()
    {
        StubChatClient model = new("fine");
        ScriptedModerator both = new(request =>
            request.Question.Contains("left") && request.Question.Contains("right") ? Verdict.Unsafe("s", Severity.Severe, []) : Verdict.Safe("s"));
        ChatResponse response = await new GuardedChatClient(model, new() { Moderator = both }).GetResponseAsync(
            [new(ChatRole.User, "left"), new(ChatRole.Assistant, "yes"), new(ChatRole.User, "right")]);
        Assert.Equal(GuardOutcome.PromptRefused, response.GetGuardReport()!.Outcome);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task ToolResultsAreCheckedOnRequest(bool check, bool refused)
    {
        GuardedChatClient client = new(new StubChatClient("fine"), new() { Moderator = ScriptedModerator.Finds("bad"), CheckToolResults = check });
        ChatResponse response = await client.GetResponseAsync(
        [
            new(ChatRole.User, "look it up"),
            new(ChatRole.Assistant, [new FunctionCallContent("1", "look")]),
            new(ChatRole.Tool, [new FunctionResultContent("1", new { text = "b\u0061d" })]),
        ]);
        Assert.Equal(refused, response.GetGuardReport()!.Outcome == GuardOutcome.PromptRefused);
    }

    [Fact]
    public async Task ContentsThatCannotBeCheckedAreRefused()
    {
        ChatMessage sound = new(ChatRole.User, [new TextContent("listen"), new DataContent(new byte[] { 1 }, "audio/wav")]);
        StubChatClient model = new("fine");
        ChatResponse response = await Guard(model, "bad").GetResponseAsync([sound]);
        Assert.Equal(GuardOutcome.PromptRefused, response.GetGuardReport()!.Outcome);
        Assert.Contains("audio/wav", response.GetGuardReport()!.PromptDecision!.Verdict.Failure);
        response = await new GuardedChatClient(model, new() { Moderator = ScriptedModerator.Finds("bad"), PassUncheckedContents = true })
            .GetResponseAsync([sound]);
        Assert.Equal("fine", response.Text);
        response = await Guard(new((_, _) => StubChatClient.Answer(new TextContent("hear"), new DataContent(new byte[] { 1 }, "audio/wav"))), "bad")
            .GetResponseAsync("hello");
        Assert.Equal(GuardOutcome.AnswerRefused, response.GetGuardReport()!.Outcome);
        Assert.DoesNotContain(response.Messages.SelectMany(message => message.Contents), content => content is DataContent);
    }

    [Fact]
    public async Task AfterTheLastRoundNothingOfTheDraftsIsLeft()
    {
        StubChatClient model = new((round, _) => new(new ChatMessage(ChatRole.Assistant, $"bad {round}"))
        {
            RawRepresentation = "bad raw",
            AdditionalProperties = new() { ["draft"] = "bad" },
            Usage = new() { TotalTokenCount = 3 },
        });
        ChatResponse response = await Guard(model, "bad").GetResponseAsync("question");
        Assert.Equal(6, model.Calls.Count);
        Assert.DoesNotContain("bad", response.Text + response.GetRefusal());
        Assert.Null(response.RawRepresentation);
        Assert.False(response.AdditionalProperties!.ContainsKey("draft"));
        Assert.Equal(GuardOutcome.AnswerRefused, response.GetGuardReport()!.Outcome);
        Assert.Equal(6, response.GetGuardReport()!.Rounds.Count);
    }

    [Fact]
    public async Task ARoutesAndUsersRulesApply()
    {
        GuardPolicy policy = PolicyReader.Parse("users: { ann: { answer: allow } }");
        StubChatClient model = new("a bad answer");
        GuardedChatClient For(string user) => new(model, new() { Moderator = ScriptedModerator.Finds("bad"), Policy = () => policy, Context = _ => new(user) });
        Assert.Equal("a bad answer", (await For("ann").GetResponseAsync("q")).Text);
        Assert.Equal(GuardOutcome.AnswerRefused, (await For("bob").GetResponseAsync("q")).GetGuardReport()!.Outcome);
    }

    [Fact]
    public async Task EveryRequestIsObservedBeforeItsAnswerLeaves()
    {
        RecordingObserver observer = new();
        GuardedChatClient client = new(new StubChatClient("fine"), new() { Moderator = ScriptedModerator.Finds("bad"), Observer = observer });
        await client.GetResponseAsync("question");
        await client.GetResponseAsync("bad question");
        Assert.Equal(2, observer.Prompts.Count);
        Assert.Equal([GuardOutcome.Passed, GuardOutcome.PromptRefused], observer.Ends.Select(report => report.Outcome!.Value));
        Assert.Equal(observer.Prompts.Select(report => report.Id), observer.Ends.Select(report => report.Id));
    }

    [Theory]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 1)]
    public async Task WhatCannotBeRecordedIsRefused(bool failPrompt, bool failEnd, int calls)
    {
        StubChatClient model = new("fine");
        GuardedChatClient client = new(model, new() { Moderator = ScriptedModerator.Finds("bad"), Observer = new RecordingObserver(failPrompt, failEnd) });
        ChatResponse response = await client.GetResponseAsync("question");
        Assert.Equal(GuardPolicy.Default.FailureRefusal, response.Text + response.GetRefusal());
        Assert.Equal(calls, model.Calls.Count);
    }

    // The model answers at once; the prompt's record fails only afterwards, while the end's succeeds.
    [Theory, InlineData(false), InlineData(true)]
    public async Task APromptThatFailsToBeRecordedLateIsRefusedThoughItsEndWasRecorded(bool stream)
    {
        LateObserver observer = new();
        GuardedChatClient client = new(new StubChatClient("fine"), new() { Moderator = ScriptedModerator.Finds("bad"), Observer = observer });
        string text = stream
            ? string.Concat((await client.GetStreamingResponseAsync("question").ToListAsync()).Select(update => update.Text + update.GetRefusal()))
            : (await client.GetResponseAsync("question")).GetRefusal()!;
        Assert.Equal(GuardPolicy.Default.FailureRefusal, text);
        Assert.True(observer.Ended);
    }

    private sealed class LateObserver : IGuardObserver
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Ended => ended.Task.IsCompleted;

        // Fails once the end has come, or, where the end waits for it, after a moment.
        public async ValueTask PromptDecidedAsync(GuardReport report, CancellationToken cancellationToken)
        {
            await Task.WhenAny(ended.Task, Task.Delay(300, cancellationToken));
            throw new IOException("the database is away");
        }

        public ValueTask EndedAsync(GuardReport report, CancellationToken cancellationToken)
        {
            ended.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task TheModelsErrorsAndCancellationAreThrownOnAndReported()
    {
        RecordingObserver observer = new();
        StubChatClient model = new((_, _) => throw new HttpRequestException("away"));
        GuardedChatClient client = new(model, new() { Moderator = ScriptedModerator.Finds("bad"), Observer = observer });
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetResponseAsync("question"));
        Assert.Equal(GuardOutcome.ModelFailed, observer.Ends[0].Outcome);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync("question", cancellationToken: new(true)));
        Assert.Equal(GuardOutcome.Abandoned, observer.Ends[1].Outcome);
    }

    [Fact]
    public async Task APromptsNoticeStandsBeforeTheAnswer()
    {
        GuardPolicy policy = GuardPolicy.Default with { Notice = "[mind]" };
        GuardedChatClient client = new(new StubChatClient("fine"), new() { Moderator = ScriptedModerator.Finds("odd", Severity.Minor), Policy = () => policy });
        Assert.Equal("[mind]\n\nfine", (await client.GetResponseAsync("an odd question")).Text);
    }

    [Fact]
    public async Task AModelsContentsMayBeOfFixedSize()
    {
        GuardPolicy policy = GuardPolicy.Default with { Notice = "[mind]", Rules = GuardPolicy.Default.Rules with { Redaction = RedactionRules.Standard } };
        IChatClient client = new FixedClient().AsGuarded(ScriptedModerator.Finds("odd", Severity.Minor), options => options.Policy = () => policy);
        const string Answer = "[mind]\n\nI mail bob@example.org.";
        Assert.Equal(Answer, (await client.GetResponseAsync("an odd question of bob@example.org")).Text);
        Assert.Equal(Answer, (await client.GetStreamingResponseAsync("an odd question of bob@example.org").ToChatResponseAsync()).Text);
    }

    private static GuardedChatClient Guard(StubChatClient model, string word) => new(model, new() { Moderator = ScriptedModerator.Finds(word) });

    private sealed class Services(IModerator moderator) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(IModerator) ? moderator : null;
    }

    /// <summary>A model whose lists of contents cannot change, as those of an array.</summary>
    private sealed class FixedClient : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, Contents())));

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            yield return new(ChatRole.Assistant, Contents());
            await Task.CompletedTask;
        }

        public object? GetService(Type serviceType, object? serviceKey) => null;

        public void Dispose() { }

        private static IList<AIContent> Contents() => Array.AsReadOnly<AIContent>([new TextContent("I mail [EMAIL_1].")]);
    }
}
