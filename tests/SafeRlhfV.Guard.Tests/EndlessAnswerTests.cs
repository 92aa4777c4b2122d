using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

/// <summary>Answers without end: what is held of them is bounded, whatever they are made of.</summary>
public sealed class EndlessAnswerTests
{
    private const int Longest = 20_000;

    public static TheoryData<string, string> Streams()
    {
        TheoryData<string, string> data = [];
        foreach (string release in (string[])["sentences", "windows", "whole"])
            foreach (string kind in (string[])["text", "line", "reasoning", "refusal", "call", "own", "choices"]) data.Add(release, kind);
        return data;
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task AStreamWithoutEndIsCut(string release, string kind)
    {
        int pulled = 0;
        RecordingObserver observer = new();
        using GuardedChatClient client = new(new Endless(() => Piece(kind, pulled++)), new()
        {
            Moderator = ScriptedModerator.Finds("forbidden"),
            Observer = observer,
            Release = (release switch { "whole" => StreamRelease.Whole, "windows" => StreamRelease.Windows(), _ => StreamRelease.Sentences() })
                with
            { LongestAnswer = Longest },
        });
        long left = 0;
        ChatResponseUpdate? last = null;
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("go on", cancellationToken: TestContext.Current.CancellationToken))
        {
            left += update.Text.Length;
            last = update;
        }
        Assert.InRange(pulled, 1, (Longest / 50) + 2);
        Assert.Equal(ChatFinishReason.ContentFilter, last!.FinishReason);
        Assert.Contains("the answer is longer than 20000 characters", last.Contents.OfType<ErrorContent>().Single().Message);
        Assert.Null(last.GetGuardReport()!.ModeratorFailure);
        if (release == "whole") Assert.Equal(0, left);
        else if (kind is "text" or "line") Assert.InRange(left, Longest / 2, Longest); // what had passed has left
    }

    [Fact]
    public async Task AWholeAnswerThatIsTooLongIsRefused()
    {
        using GuardedChatClient client = new(new StubChatClient(new string('x', Longest + 1)), new()
        {
            Moderator = ScriptedModerator.Finds("forbidden"),
            Release = StreamRelease.Sentences() with { LongestAnswer = Longest },
        });
        ChatResponse answer = await client.GetResponseAsync("go on", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("longer than 20000 characters", answer.GetRefusal());
    }

    private static ChatResponseUpdate Piece(string kind, int i)
    {
        string text = new('x', 49);
        AIContent content = kind switch
        {
            "reasoning" => new TextReasoningContent(text + ' '),
            "refusal" => new ErrorContent(text + ' '),
            "call" => new FunctionCallContent($"c{i}", "f", new Dictionary<string, object?> { ["a"] = text + ' ' }),
            "own" => new Own(text + ' '),
            _ => new TextContent(kind == "line" ? text + 'x' : text + ' '),
        };
        ChatResponseUpdate update = new(ChatRole.Assistant, [content]);
        if (kind == "choices") update.SetChoice(i % 3);
        return update;
    }

    private sealed class Own(string text) : JudgedContent
    {
        public override IReadOnlyList<KeyValuePair<string, string>> Texts => [new("own", text)];
    }

    private sealed class Endless(Func<ChatResponseUpdate> next) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            while (true)
            {
                await Task.Yield();
                cancellationToken.ThrowIfCancellationRequested();
                yield return next();
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
