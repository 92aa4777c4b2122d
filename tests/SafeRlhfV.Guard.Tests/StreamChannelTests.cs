using System.Diagnostics;
using System.Text;
using CsCheck;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

/// <summary>Streams of several texts at once, in their order; and what they cost.</summary>
public sealed class StreamChannelTests
{
    private const string Phrase = "forbidden phrase";
    private static readonly GuardPolicy NoRounds = GuardPolicy.Default with { Rounds = 0 };
    private static readonly PatternModerator Moderator = new([PatternRule.ForPattern("dangerous_behavior", Severity.Moderate, Phrase)]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<StreamRelease> Releases => [StreamRelease.Whole, StreamRelease.Sentences(), StreamRelease.Sentences(40),
        StreamRelease.Windows(7, 20)];

    // The texts of a choice alternate at random; each is read by itself, and so is judged by itself.
    [Theory, MemberData(nameof(Releases))]
    public Task APhraseInOneTextIsFoundHoweverOthersCutIt(StreamRelease release) =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[1, 5].Array[4, 30], Gen.Int[0, 2].Array[30], Gen.Int[0, 1]).SampleAsync(async (where, cuts, others, choice) =>
        {
            string text = $"So it is. A {Phrase} stands here. Then more.";
            List<ChatResponseUpdate> sent = [];
            for (int at = 0, i = 0; at < text.Length; at += cuts[i % cuts.Length], i++)
            {
                sent.Add(Update(Streamed(where, text.Substring(at, Math.Min(cuts[i % cuts.Length], text.Length - at))), choice));
                if (others[i % 30] != where) sent.Add(Update(Streamed(others[i % 30], "x"), choice));
                sent.Add(Update(new TextContent("y. "), 1 - choice));
            }
            List<ChatResponseUpdate> left = await ReadAsync(new FixedStream(sent), release);
            string leaked = string.Concat(left.Where(update => update.GetChoice() == choice).SelectMany(update => update.Contents)
                .Where(content => content.GetType() == Streamed(where, "").GetType() && content is not ErrorContent { ErrorCode: "Refusal" }).Select(Words));
            Assert.DoesNotContain(Phrase, leaked);
            Assert.NotEqual(GuardOutcome.Passed, left[^1].GetGuardReport()!.Outcome);
        }, iter: 100);

    // The model cuts between the halves of characters, and so would windows, what is held back, and placeholders; none leaves or is judged in halves.
    [Theory, MemberData(nameof(Releases))]
    public Task CharactersStayWholeHoweverTextsAreCut(StreamRelease release) =>
        Gen.Select(Gen.Int[1, 5].Array[4, 30], Gen.Int[1, 5].Array[4, 30], Gen.Int[0, 9]).SampleAsync(async (first, second, ends) =>
        {
            string text = string.Concat(Enumerable.Repeat("😀🎉 [EMAIL_1]𝒙𝒚, 🚀[🙂 and 👩🏽‍🚀. 𝕬𝕭", 12));
            text += string.Concat(Enumerable.Repeat("𝕬😀", 40 + ends));
            ScriptedModerator whole = new(request =>
            {
                Assert.DoesNotContain(Rune.ReplacementChar, (request.Response ?? request.Question).EnumerateRunes());
                return Verdict.Safe("whole");
            });
            List<ChatResponseUpdate> sent = [];
            for (int kind = 0; kind < 3; kind++)
            {
                int[] cuts = kind == 1 ? second : first;
                for (int at = 0, i = 0, place = kind; at < text.Length; at += cuts[i++ % cuts.Length], place += 3)
                {
                    while (sent.Count < place) sent.Add(Update(new UsageContent(new())));
                    sent.Insert(place, Update(Streamed(kind, text.Substring(at, Math.Min(cuts[i % cuts.Length], text.Length - at)))));
                }
            }
            GuardPolicy policy = NoRounds with { Rules = NoRounds.Rules with { Redaction = RedactionRules.Standard } };
            GuardedChatClient client =
                new(new FixedStream(sent), new() { Moderator = whole, Policy = () => policy, Release = release with { ContextCharacters = 70 } });
            List<ChatResponseUpdate> left = await client.GetStreamingResponseAsync("Write to ann@example.org.", cancellationToken: Stop).ToListAsync(Stop);
            Assert.Equal(GuardOutcome.Passed, left[^1].GetGuardReport()!.Outcome);
            AIContent[] contents = [.. left.SelectMany(update => update.Contents).Where(content => content is not UsageContent)];
            Assert.All(contents, content => Assert.DoesNotContain(Rune.ReplacementChar, Words(content).EnumerateRunes()));
            for (int kind = 0; kind < 3; kind++)
                Assert.Equal(text.Replace("[EMAIL_1]", "ann@example.org"),
                    string.Concat(contents.Where(content => content.GetType() == Streamed(kind, "").GetType()).Select(Words)));
        }, iter: 40);

    [Theory, MemberData(nameof(Releases))]
    public async Task AHalfThatStaysAloneIsMarked(StreamRelease release)
    {
        for (int kind = 0; kind < 3; kind++)
        {
            List<ChatResponseUpdate> sent = [.. ((string[])["a\ud83d", "b. ", "\ud83d", "\ude00\ud83d"]).Select(piece => Update(Streamed(kind, piece)))];
            List<ChatResponseUpdate> left = await ReadAsync(new FixedStream(sent), release);
            Assert.Equal("a\ufffdb. 😀\ufffd", string.Concat(left.SelectMany(update => update.Contents).Select(Words)));
        }
    }

    // A word that another text interrupts is judged whole; where it does not go on, it waits for a while, not for the end.
    [Theory, MemberData(nameof(Releases))]
    public Task AWordThatAnotherTextInterruptsIsOneWord(StreamRelease release) =>
        Gen.Select(Gen.Int[0, 1], Gen.Int[1, 7].Array[4, 30], Gen.Int[0, 2].Array[30]).SampleAsync(async (where, cuts, others) =>
        {
            const string Text = "Well, bombardment it was. A bombardier sat there: bombastic, and so on. Then rebombed";
            PatternModerator word = new([PatternRule.ForKeyword("dangerous_behavior", Severity.Severe, "bomb")]);
            string[] between = ["", "Hm", "So it is. "];
            List<ChatResponseUpdate> sent = [];
            for (int at = 0, i = 0; at < Text.Length; at += cuts[i++ % cuts.Length])
            {
                sent.Add(Update(Streamed(where, Text.Substring(at, Math.Min(cuts[i % cuts.Length], Text.Length - at)))));
                if (between[others[i % 30]] is { Length: > 0 } other) sent.Add(Update(Streamed(1 - where, other)));
            }
            GuardedChatClient client = new(new FixedStream(sent), new() { Moderator = word, Policy = () => NoRounds, Release = release });
            List<ChatResponseUpdate> left = await client.GetStreamingResponseAsync("question", cancellationToken: Stop).ToListAsync(Stop);
            Assert.Equal(GuardOutcome.Passed, left[^1].GetGuardReport()!.Outcome);
            Assert.Equal(Text, string.Concat(left.SelectMany(update => update.Contents).Where(content => content.GetType() == Streamed(where, "").GetType())
                .Select(Words)));
        }, iter: 100);

    [Theory, InlineData("Let me think"), InlineData("Let me think. "), InlineData("Let me think.")]
    public async Task ReasoningThatHasEndedDoesNotHoldTheAnswerBack(string reasoning)
    {
        int pulled = 0, most = 0;
        IEnumerable<ChatResponseUpdate> Sent()
        {
            yield return Update(new TextReasoningContent(reasoning));
            for (int i = 0; i < 100; i++)
            {
                pulled++;
                yield return Update(new TextContent("This is said. "));
            }
        }

        await foreach (ChatResponseUpdate update in Guarded(new FixedStream(Sent()), StreamRelease.Sentences()).GetStreamingResponseAsync("question",
            cancellationToken: Stop))
            if (most == 0 && update.Text.Length > 0) most = pulled;
        Assert.InRange(most, 1, 20);
    }

    [Theory, MemberData(nameof(Releases))]
    public async Task ContentsKeepTheirOrderAndWhatStandsOnThem(StreamRelease release)
    {
        CitationAnnotation citation = new() { Title = "a title" };
        AIContent[] sent =
        [
            new TextReasoningContent("Let me see."),
            new TextReasoningContent(null) { ProtectedData = "c2ln" },
            new TextContent("Green "),
            new UsageContent(new() { OutputTokenCount = 1 }),
            new TextContent("leaves.") { Annotations = [citation] },
            new FunctionCallContent("1", "look", null),
        ];
        List<ChatResponseUpdate> left = await ReadAsync(new FixedStream([.. sent.Select(content => Update(content))]), release);
        AIContent[] contents = [.. left.SelectMany(update => update.Contents)];
        string[] order = [.. contents.Where(content => content is not UsageContent).Select(content => content switch
        {
            TextReasoningContent { ProtectedData: not null } => "signature",
            TextReasoningContent => "reasoning",
            TextContent => "text",
            _ => content.GetType().Name,
        })];
        Assert.Equal(["reasoning", "signature", "text", nameof(FunctionCallContent)], order.Where((name, i) => i == 0 || order[i - 1] != name));
        Assert.Equal("Green leaves.", string.Concat(left.Select(update => update.Text)));
        Assert.Same(citation, Assert.Single(contents.OfType<TextContent>().SelectMany(content => content.Annotations ?? [])));
    }

    [Theory, InlineData("title"), InlineData("signature"), InlineData("extra")]
    public async Task WhatStandsOnATextIsJudged(string where)
    {
        AIContent content = where switch
        {
            "title" => new TextContent("fine") { Annotations = [new CitationAnnotation { Title = Phrase }] },
            "signature" => new TextReasoningContent("fine") { ProtectedData = Phrase },
            _ => new TextContent("fine") { AdditionalProperties = new() { ["extra"] = $"{{\"a\":\"{Phrase.Replace("f", "\\u0066")}\"}}" } },
        };
        List<ChatResponseUpdate> left = await ReadAsync(new FixedStream([Update(content)]), StreamRelease.Sentences());
        Assert.Equal(GuardOutcome.AnswerRefused, left[^1].GetGuardReport()!.Outcome);
        Assert.DoesNotContain(content, left.SelectMany(update => update.Contents));
    }

    // A tool is called, its result comes, the answer follows: what comes later stands later, and the answer streams.
    [Fact]
    public async Task MessagesOfAToolsLoopKeepTheirOrder()
    {
        List<ChatResponseUpdate> sent =
        [
            Update(new TextContent("I look it up")),
            Update(new FunctionCallContent("1", "look", null)),
            new(ChatRole.Tool, [new FunctionResultContent("1", "leaf")]),
            Update(new TextContent("Green leaves. And ")),
            Update(new TextContent("more.")),
        ];
        List<ChatResponseUpdate> left = await ReadAsync(new FixedStream(sent), StreamRelease.Sentences());
        string[] order = [.. left.SelectMany(update => update.Contents).Select(content => content is TextContent text ? text.Text : content.GetType().Name)];
        Assert.Equal(["I look it up", nameof(FunctionCallContent), nameof(FunctionResultContent), "Green leaves. ", "And ", "more."], order);
    }

    [Theory]
    [InlineData(@"{""a"":""\u0066orbidden phrase""}")]
    [InlineData(@"{""a"":""{\""b\"":\""\\u0066orbidden phrase\""}""}")]
    [InlineData(@"{""a"":""\u0066orbidden phrase")]
    [InlineData(@"{""a"":""for"",""b"":""{\""c\"":\""forbidden\\u0020phrase\""}""}")]
    public async Task EscapesInArgumentsAreOpened(string arguments)
    {
        FunctionCallContent call = new("1", "send", new Dictionary<string, object?> { ["raw"] = arguments });
        ChatResponse response = await Guarded(new StubChatClient((_, _) => StubChatClient.Answer(call)), StreamRelease.Whole)
            .GetResponseAsync("question", cancellationToken: Stop);
        Assert.Equal(GuardOutcome.AnswerRefused, response.GetGuardReport()!.Outcome);
    }

    [Fact]
    public async Task PartsOfAnAnswerAreJudgedJoinedAndApart()
    {
        foreach (string[] parts in (string[][])[["a forbidden", " phrase"], ["for", "bidden phrase"], ["Thinking", "forbidden phrase"]])
        {
            ChatResponse response = await Guarded(new StubChatClient((_, _) => StubChatClient.Answer([.. parts.Select(part => new TextContent(part))])),
                StreamRelease.Whole).GetResponseAsync("question", cancellationToken: Stop);
            Assert.Equal(GuardOutcome.AnswerRefused, response.GetGuardReport()!.Outcome);
        }
    }

    // The price of a stream grows with its length: four times the sentences must not cost ten times the letters that are judged.
    [Fact]
    public async Task JudgingAStreamCostsAsMuchAsItIsLong()
    {
        async Task<(long Judged, TimeSpan Time)> PriceAsync(int sentences)
        {
            long judged = 0;
            ScriptedModerator counting = new(request =>
            {
                judged += request.Response?.Length ?? 0;
                return Verdict.Safe("counting");
            });
            GuardedChatClient client =
                new(new FixedStream([.. Enumerable.Range(0, sentences).Select(i => Update(new TextContent($"Sentence {i} says little. ")))]),
                new() { Moderator = counting, CheckPrompts = false });
            long started = Stopwatch.GetTimestamp();
            await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync("question", cancellationToken: Stop)) { }
            return (judged, Stopwatch.GetElapsedTime(started));
        }

        (long few, _) = await PriceAsync(1000);
        (long many, TimeSpan time) = await PriceAsync(4000);
        TestContext.Current.SendDiagnosticMessage("4,000 sentences: {0} letters judged in {1}", many, time);
        Assert.InRange(many / (double)few, 2, 5);
    }

    [Fact]
    public async Task NoticesDoNotStandInJson()
    {
        GuardPolicy policy = GuardPolicy.Default with { Rules = new() { Answer = SeverityRules.All(GuardAction.AllowWithNotice) }, Notice = "[mind]" };
        string json = $$"""{"a":"{{Phrase}}"}""";
        GuardedChatClient client = new(new StubChatClient(json), new() { Moderator = Moderator, Policy = () => policy });
        ChatOptions options = new() { ResponseFormat = ChatResponseFormat.Json };
        ChatResponse whole = await client.GetResponseAsync("question", options, Stop);
        ChatResponse streamed = await client.GetStreamingResponseAsync("question", options, Stop).ToListAsync(Stop) is { } updates
            ? updates.ToChatResponse()
            : null!;
        Assert.Equal((json, json), (whole.Text, streamed.Text));
        Assert.Equal("[mind]", whole.GetGuardReport()!.Notice);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task FeedbackIsPartOfTheLastUserTurn(bool stream)
    {
        StubChatClient model = new($"A {Phrase}.", "All is well.");
        GuardedChatClient client = Guarded(model, StreamRelease.Whole, GuardPolicy.Default);
        ChatMessage[] asked = [new(ChatRole.System, "Be kind."), new(ChatRole.User, "question")];
        if (stream) await client.GetStreamingResponseAsync(asked, cancellationToken: Stop).ToListAsync(Stop);
        else await client.GetResponseAsync(asked, cancellationToken: Stop);
        Assert.Equal(2, model.Calls[1].Count);
        Assert.StartsWith("question", model.Calls[1][^1].Text);
        Assert.Contains("withheld", model.Calls[1][^1].Text);
        Assert.Equal("question", asked[^1].Text);
    }

    [Fact]
    public async Task AModeratorThatFailsIsToldApartFromWhatCannotBeJudged()
    {
        ScriptedModerator broken = new(_ => throw new HttpRequestException("away"));
        ChatResponse response = await new GuardedChatClient(new StubChatClient("fine"), new() { Moderator = broken }).GetResponseAsync("q",
            cancellationToken: Stop);
        Assert.Contains("away", response.GetGuardReport()!.ModeratorFailure);
        Assert.True(response.GetGuardReport()!.ModerationTime > TimeSpan.Zero);
        response = await Guarded(new StubChatClient((_, _) => StubChatClient.Answer(new DataContent(new byte[] { 1 }, "audio/wav"))), StreamRelease.Whole)
            .GetResponseAsync("q", cancellationToken: Stop);
        Assert.Null(response.GetGuardReport()!.ModeratorFailure);
        Assert.Equal(GuardOutcome.AnswerRefused, response.GetGuardReport()!.Outcome);
    }

    private static AIContent Streamed(int kind, string text) => kind switch
    {
        0 => new TextContent(text),
        1 => new TextReasoningContent(text),
        _ => new ErrorContent(text) { ErrorCode = "model" },
    };

    private static string Words(AIContent content) => content switch
    {
        TextContent text => text.Text,
        TextReasoningContent reasoning => reasoning.Text,
        ErrorContent error => error.Message,
        _ => "",
    };

    private static ChatResponseUpdate Update(AIContent content, int choice = 0)
    {
        ChatResponseUpdate update = new(ChatRole.Assistant, [content]);
        update.SetChoice(choice);
        return update;
    }

    private static GuardedChatClient Guarded(IChatClient model, StreamRelease release, GuardPolicy? policy = null) =>
        new(model, new() { Moderator = Moderator, Policy = () => policy ?? NoRounds, Release = release });

    private static async Task<List<ChatResponseUpdate>> ReadAsync(IChatClient model, StreamRelease release) =>
        await Guarded(model, release).GetStreamingResponseAsync("question", cancellationToken: Stop).ToListAsync(Stop);

    private sealed class FixedStream(IEnumerable<ChatResponseUpdate> updates) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => updates.ToAsyncEnumerable();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
