using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class ConversationTests
{
    private static readonly ChatMessage Bad = new(ChatRole.User, "a bad question"), Refusal = new(ChatRole.Assistant, "I can't.");
    private static readonly ChatMessage Hello = new(ChatRole.User, "hello");

    [Fact]
    public async Task ARefusedTurnDoesNotBlockTheChat()
    {
        StubChatClient model = new("fine");
        ScriptedModerator moderator = ScriptedModerator.Finds("bad");
        GuardedChatClient client = new(model, new() { Moderator = moderator, RefusedTurns = new() });
        Assert.NotNull((await client.GetResponseAsync([Bad])).GetRefusal());
        moderator.Calls.Clear();
        Assert.Equal("fine", (await client.GetResponseAsync([new(ChatRole.System, "Be kind."), Bad, Refusal, Hello])).Text);
        Assert.Equal(["Be kind.", "hello"], model.Calls.Single().Select(message => message.Text));
        Assert.DoesNotContain(moderator.Calls.SelectMany(call => call), request => request.Question.Contains("bad", StringComparison.Ordinal));

        // Clients may leave the refusal out.
        Assert.Equal("fine", (await client.GetResponseAsync([Bad, Hello])).Text);
        Assert.Equal("hello", model.Calls[1].Single().Text);

        // What was refused is refused when it is asked again.
        Assert.NotNull((await client.GetResponseAsync([Hello, new(ChatRole.Assistant, "Yes?"), Bad])).GetRefusal());
    }

    [Fact]
    public async Task WithoutTheMemoryTheChatStaysBlocked() =>
        Assert.NotNull((await Client(new("fine"), null).GetResponseAsync([Bad, Refusal, Hello])).GetRefusal());

    [Fact]
    public async Task TurnsThatWereRefusedTogetherAreKnownInThatConversationAlone()
    {
        StubChatClient model = new("fine");
        ScriptedModerator moderator = new(request => request.Question.Contains("one", StringComparison.Ordinal)
            && request.Question.Contains("two", StringComparison.Ordinal) ? Verdict.Unsafe("s", Severity.Severe, []) : Verdict.Safe("s"));
        GuardedChatClient client = new(model, new() { Moderator = moderator, RefusedTurns = new() });
        ChatMessage one = new(ChatRole.User, "one"), two = new(ChatRole.User, "two"), yes = new(ChatRole.Assistant, "Yes?");
        Assert.NotNull((await client.GetResponseAsync([one, yes, two])).GetRefusal());
        Assert.Equal("fine", (await client.GetResponseAsync([one, yes, two, Refusal, Hello])).Text);
        Assert.Equal(["one", "Yes?", "hello"], model.Calls[0].Select(message => message.Text));
        Assert.Equal("fine", (await client.GetResponseAsync([Hello, yes, two, yes, Hello])).Text);
        Assert.Equal(5, model.Calls[1].Count);
    }

    [Fact]
    public async Task OneCallersRefusalsAreNotAnothers()
    {
        StubChatClient model = new("fine");
        GuardOptions options = new() { Moderator = ScriptedModerator.Finds("bad"), RefusedTurns = new(), Context = chat => new(User: chat?.ModelId) };
        GuardedChatClient client = new(model, options);
        await client.GetResponseAsync([Bad], new() { ModelId = "ann" });
        Assert.Null((await client.GetResponseAsync([Bad, Refusal, Hello], new() { ModelId = "ann" })).GetRefusal());
        Assert.NotNull((await client.GetResponseAsync([Bad, Refusal, Hello], new() { ModelId = "bob" })).GetRefusal());
    }

    [Fact]
    public async Task AnInjectionDoesNotBlockTheChat()
    {
        StubChatClient model = new("fine");
        InjectionGuard injection = new([new ModeratorInjectionJudge(ScriptedModerator.Finds("bad"))]);
        GuardedChatClient client = new(model, new() { Moderator = new ScriptedModerator(_ => Verdict.Safe("s")), Injection = injection, RefusedTurns = new() });
        Assert.NotNull((await client.GetResponseAsync([Bad])).GetRefusal());
        Assert.Equal("fine", (await client.GetResponseAsync([Bad, Refusal, Hello])).Text);
        ChatMessage[] withResult = [Hello, new(ChatRole.Tool, [new FunctionResultContent("1", "a bad result")])];
        Assert.NotNull((await client.GetResponseAsync(withResult)).GetRefusal());
        Assert.Equal("fine", (await client.GetResponseAsync([.. withResult, Refusal, new(ChatRole.User, "and now?")])).Text);
        Assert.Equal("and now?", model.Calls[^1].Single().Text);
    }

    // What draws the verdict is the decoded turn alone; the image is an earlier turn's.
    [Fact]
    public async Task AnEncodedTurnBehindAnImageDoesNotBlockTheChat()
    {
        StubChatClient model = new("fine");
        ScriptedModerator moderator = new(request => request.Question == "a bad question" ? Verdict.Unsafe("s", Severity.Severe, []) : Verdict.Safe("s"));
        GuardedChatClient client = new(model, new() { Moderator = moderator, RefusedTurns = new() });
        ChatMessage image = new(ChatRole.User, [new TextContent("what is this?"), new DataContent(new byte[] { 1 }, "image/png")]);
        ChatMessage answer = new(ChatRole.Assistant, "a door"), encoded = new(ChatRole.User, Convert.ToBase64String("a bad question"u8));
        Assert.NotNull((await client.GetResponseAsync([image, answer, encoded])).GetRefusal());
        Assert.Equal("fine", (await client.GetResponseAsync([image, answer, encoded, Refusal, Hello])).Text);
        Assert.Equal(["what is this?", "a door", "hello"], model.Calls.Single().Select(message => message.Text));
    }

    [Fact]
    public async Task AModeratorsFailureIsNotRemembered()
    {
        RefusedTurns refused = new();
        ScriptedModerator failing = new(_ => Verdict.Failed("s", "down"));
        await new GuardedChatClient(new StubChatClient("fine"), new() { Moderator = failing, RefusedTurns = refused }).GetResponseAsync([Bad]);
        Assert.Empty(refused.Find([Bad, Refusal, Hello], GuardContext.Anyone));
    }

    // What drew the verdict stood elsewhere: in a system message, or in what a tool answered.
    [Fact]
    public async Task AnInnocentTurnIsNotRememberedForWhatStoodBesideIt()
    {
        StubChatClient model = new("fine");
        RefusedTurns refused = new();
        GuardedChatClient client = new(model,
            new() { Moderator = ScriptedModerator.Finds("bad"), RefusedTurns = refused, CheckSystemMessages = true, CheckToolResults = true });
        ChatMessage system = new(ChatRole.System, "a bad system"), result = new(ChatRole.Tool, [new FunctionResultContent("1", "a bad result")]);
        ChatMessage call = new(ChatRole.Assistant, [new FunctionCallContent("1", "look")]), answer = new(ChatRole.Assistant, "42");
        ChatMessage next = new(ChatRole.User, "what did you say?");
        Assert.NotNull((await client.GetResponseAsync([system, Hello])).GetRefusal());
        Assert.NotNull((await client.GetResponseAsync([Hello, call, result])).GetRefusal());
        Assert.Empty(refused.Find([Hello, answer, next], GuardContext.Anyone));
        Assert.Empty(refused.Find([new(ChatRole.System, "be kind"), Hello, answer, next], GuardContext.Anyone));
        Assert.NotEmpty(refused.Find([system, Hello, answer, next], GuardContext.Anyone));
    }

    [Fact]
    public void TheOldestIsForgottenFirst()
    {
        RefusedTurns refused = new(capacity: 2);
        ChatMessage[] turns = [.. Enumerable.Range(0, 3).Select(i => new ChatMessage(ChatRole.User, $"turn {i}"))];
        foreach (ChatMessage turn in turns) refused.Add([turn], GuardContext.Anyone, isAlone: true);
        Assert.Equal([false, true, true], turns.Select(turn => refused.Find([turn, Refusal, Hello], GuardContext.Anyone).Count == 2));
        Assert.Empty(new RefusedTurns(lifetime: TimeSpan.Zero).Find([turns[2], Refusal, Hello], GuardContext.Anyone));
    }

    [Fact]
    public async Task ATurnThatCannotBeDecodedDoesNotBlockTheChat()
    {
        string nested = "question";
        for (int i = 0; i < 12; i++) nested = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(nested));
        ChatMessage encoded = new(ChatRole.User, nested);
        StubChatClient model = new("fine");
        GuardedChatClient client = Client(model, new());
        Assert.NotNull((await client.GetResponseAsync([encoded])).GetRefusal());
        Assert.Equal("fine", (await client.GetResponseAsync([encoded, Refusal, Hello])).Text);
        Assert.Equal("hello", model.Calls.Single().Single().Text);
    }

    [Fact]
    public async Task ALooserPolicyJudgesARefusedTurnAnew()
    {
        StubChatClient model = new("fine");
        GuardPolicy policy = GuardPolicy.Default;
        GuardedChatClient client = new(model, new() { Moderator = ScriptedModerator.Finds("bad"), RefusedTurns = new(), Policy = () => policy });
        Assert.NotNull((await client.GetResponseAsync([Bad])).GetRefusal());
        policy = policy with { Version = "loose", Rules = new() { Prompt = SeverityRules.All(GuardAction.Allow) } };
        Assert.Equal("fine", (await client.GetResponseAsync([Bad, Refusal, Hello])).Text);
        Assert.Equal(3, model.Calls.Single().Count); // the turn is said now
    }

    // What one memory was told by another counts as its own, and is not told on.
    [Fact]
    public void AMemoryLearnsFromAnother()
    {
        RefusedTurns one = new(), other = new(capacity: 2);
        List<RefusedTurn> told = [], echoed = [];
        one.Remembered += told.Add;
        other.Remembered += echoed.Add;
        GuardContext caller = new(User: "u", Route: "r");
        ChatMessage[] bad = [new(ChatRole.User, "a bad thing")], goesOn = [.. bad, new(ChatRole.Assistant, "No."), new(ChatRole.User, "Hello")];
        one.Add(bad, caller, isAlone: true, "p");
        foreach (RefusedTurn turn in (RefusedTurn[])[.. told, .. told, .. told]) other.Learn(turn); // once counts
        Assert.Equal([0, 1], other.Find(goesOn, caller, "p"));
        Assert.Empty(other.Find(goesOn, caller with { User = "v" }, "p"));
        Assert.Empty(other.Find(goesOn, caller, "q"));
        Assert.Empty(echoed);
        Assert.Single(told);
    }

    [Fact]
    public void NoCallerMakesAnothersTurnsBeForgotten()
    {
        RefusedTurns refused = new(capacity: 2, callers: 2);
        GuardContext ann = new("ann", Route: "m"), bob = new("bob", Route: "m"), eve = new("eve", Route: "m");
        refused.Add([Bad], ann, isAlone: true);
        for (int i = 0; i < 100; i++) refused.Add([new(ChatRole.User, $"turn {i}")], bob, isAlone: true);
        Assert.NotEmpty(refused.Find([Bad, Refusal, Hello], ann));
        Assert.Empty(refused.Find([Bad, Refusal, Hello], bob));
        Assert.Empty(refused.Find([Bad, Refusal, Hello], ann with { Route = "other" }));
        refused.Add([Bad], ann, isAlone: true);
        refused.Add([Bad], eve, isAlone: true); // the third caller: bob's last refusal is the oldest
        Assert.NotEmpty(refused.Find([Bad, Refusal, Hello], ann));
        Assert.Empty(refused.Find([new(ChatRole.User, "turn 99"), Refusal, Hello], bob));
    }

    [Fact]
    public async Task AllThatAnImageCanShowIsJudgedInItsPlace()
    {
        ScriptedModerator moderator = new(_ => Verdict.Safe("s"));
        StubChatClient model = new("fine");
        ShownImageContent image = new(new byte[] { 1 }, "image/gif", [new RgbImage(1, 1, [1, 1, 1]), new RgbImage(1, 1, [2, 2, 2])]);
        await new GuardedChatClient(model, new() { Moderator = moderator }).GetResponseAsync([new(ChatRole.User, [image, new TextContent("what?")])]);
        Assert.Equal([1, 2], moderator.Calls[0].Single().Images.Select(shown => shown.Pixels!.Pixels[0]));
        Assert.Same(image, model.Calls[0].Single().Contents[0]);
    }

    [Theory]
    [InlineData(null, "first\nsecond\nthird")]
    [InlineData(2, "second\nthird")]
    [InlineData(1, null)]
    public async Task OnlySoMuchHistoryIsJudged(int? turns, string? conversation)
    {
        ScriptedModerator moderator = new(_ => Verdict.Safe("s"));
        ChatMessage image = new(ChatRole.User, [new TextContent("first"), new DataContent(new byte[] { 1 }, "image/png")]);
        await new GuardedChatClient(new StubChatClient("fine"), new() { Moderator = moderator, HistoryTurns = turns })
            .GetResponseAsync([image, new(ChatRole.Assistant, "a"), new(ChatRole.User, "second"), new(ChatRole.Assistant, "b"), new(ChatRole.User, "third")]);
        Assert.Equal(conversation is null ? ["third"] : (string[])["third", conversation], moderator.Calls[0].Select(request => request.Question));
        Assert.All(moderator.Calls[0], request => Assert.Equal(turns is null ? 1 : 0, request.Images.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheModelMayBeAskedWhileThePromptIsJudged(bool streamed)
    {
        TaskCompletionSource asked = new();
        WaitingModerator moderator = new(asked.Task);
        SignallingClient model = new(asked);
        GuardedChatClient client = new(model, new() { Moderator = moderator, Parallel = true });
        ChatResponse response = streamed ? await client.GetStreamingResponseAsync("hello").ToChatResponseAsync() : await client.GetResponseAsync("hello");
        Assert.Equal("fine", response.Text);
        response = streamed ? await client.GetStreamingResponseAsync("bad").ToChatResponseAsync() : await client.GetResponseAsync("bad");
        Assert.NotNull(response.GetRefusal());
        Assert.Empty(response.Text);
        Assert.True(model.IsLeft);
    }

    private static GuardedChatClient Client(StubChatClient model, RefusedTurns? refused) =>
        new(model, new() { Moderator = ScriptedModerator.Finds("bad"), RefusedTurns = refused });

    private sealed class WaitingModerator(Task until) : IModerator
    {
        public string Name => "waiting";

        public bool Judges(GuardSide side) => true;

        public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
        {
            await until.WaitAsync(TimeSpan.FromSeconds(20), cancellationToken);
            return [.. requests.Select(request => request.Question.Contains("bad", StringComparison.Ordinal)
                ? Verdict.Unsafe(Name, Severity.Severe, [])
                : Verdict.Safe(Name))];
        }
    }

    // Says that it is asked; of a bad prompt it would go on for ever.
    private sealed class SignallingClient(TaskCompletionSource asked) : IChatClient
    {
        public bool IsLeft { get; private set; }

        public async Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            asked.TrySetResult();
            if (messages.Last().Text == "bad") await WaitAsync(cancellationToken);
            return StubChatClient.Answer("fine");
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            asked.TrySetResult();
            if (messages.Last().Text == "bad") await WaitAsync(cancellationToken);
            yield return new(ChatRole.Assistant, "fi");
            await Task.Yield();
            yield return new(ChatRole.Assistant, "ne") { FinishReason = ChatFinishReason.Stop };
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }

        private async Task WaitAsync(CancellationToken cancellationToken)
        {
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(60), cancellationToken);
            }
            finally
            {
                IsLeft = cancellationToken.IsCancellationRequested;
            }
        }
    }
}
