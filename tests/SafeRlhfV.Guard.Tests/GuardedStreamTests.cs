using CsCheck;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class GuardedStreamTests
{
    private const string Phrase = "forbidden phrase";
    private static readonly GuardPolicy NoRounds = GuardPolicy.Default with { Rounds = 0 };
    private static readonly Gen<string> Letters = Gen.Int[0, 11]
        .Select(i => new[] { "a", "b", "c", " ", " ", ".", "!", "?", "\n", "\u00e4", "\u3002", "\U0001F600" }[i]);
    private static readonly PatternModerator Moderator = new([PatternRule.ForPattern("dangerous_behavior", Severity.Moderate, Phrase)]);

    public static TheoryData<string, StreamRelease> Releases => new()
    {
        { "whole", StreamRelease.Whole },
        { "sentences", StreamRelease.Sentences() },
        { "sentences, held back", StreamRelease.Sentences(Phrase.Length) },
        { "windows of 1", StreamRelease.Windows(1, Phrase.Length) },
        { "windows of 7", StreamRelease.Windows(7, Phrase.Length) },
        { "windows of 50", StreamRelease.Windows(50, Phrase.Length) },
        { "windows, not held back", StreamRelease.Windows(5, 0) },
    };

    [Theory, MemberData(nameof(Releases))]
    public async Task NothingUnsafeLeavesAtAnySplitPoint(string name, StreamRelease release)
    {
        string text = $"One. Two is longer! This is a {Phrase} here. And on it goes, as if nothing had been.";
        int start = text.IndexOf(Phrase, StringComparison.Ordinal);
        for (int split = 0; split <= text.Length; split++)
        {
            (string left, GuardReport report, _) = await StreamAsync(text, release, _ => [text[..split], text[split..]]);
            CheckWithheld(name, text, start, left, report, release);
        }
    }

    [Theory, MemberData(nameof(Releases))]
    public Task NothingUnsafeLeavesHoweverItIsCut(string name, StreamRelease release) =>
        Gen.Select(Letters.Array[0, 60].Select(letters => string.Concat(letters)), Letters.Array[0, 60].Select(letters => string.Concat(letters)),
            Gen.Int[1, 9].Array[1, 40]).SampleAsync(async (before, after, cuts) =>
        {
            string text = before + Phrase + after;
            (string left, GuardReport report, _) = await StreamAsync(text, release, whole => Cut(whole, cuts));
            CheckWithheld(name, text, before.Length, left, report, release);
        }, iter: 200);

    [Theory, MemberData(nameof(Releases))]
    public Task WhatIsSafeLeavesWordForWord(string name, StreamRelease release) =>
        Gen.Select(Letters.Array[0, 120].Select(letters => string.Concat(letters)), Gen.Int[1, 9].Array[1, 40]).SampleAsync(async (text, cuts) =>
        {
            (string left, GuardReport report, List<ChatResponseUpdate> updates) = await StreamAsync(text, release, whole => Cut(whole, cuts));
            Assert.True(text == left, name);
            Assert.Equal(GuardOutcome.Passed, report.Outcome);
            Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
            Assert.Contains(updates, update => update.Contents.Any(content => content is UsageContent));
            Assert.All(updates, update => Assert.Null(update.RawRepresentation));
            Assert.All(updates, update => Assert.False(update.Text.Length > 0 && char.IsHighSurrogate(update.Text[^1])));
        }, iter: 200);

    [Fact]
    public async Task TextLeavesBeforeTheModelHasEnded()
    {
        StubChatClient model = new("One is done. Two is on its way and takes long");
        await foreach (ChatResponseUpdate update in Guarded(model, StreamRelease.Sentences()).GetStreamingResponseAsync("question"))
        {
            if (update.Text.Length == 0) continue;
            Assert.StartsWith("O", update.Text);
            Assert.InRange(model.Pulled, 13, 16);
            break;
        }
        Assert.True(model.Disposed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatHasNotLeftIsRegenerated(bool whole)
    {
        StubChatClient model = new($"A {Phrase}. More. And more.", "All is well. Truly.");
        (string left, GuardReport report, _) = await ReadAsync(Guarded(model, whole ? StreamRelease.Whole : StreamRelease.Sentences(), GuardPolicy.Default));
        Assert.Equal("All is well. Truly.", left);
        Assert.Equal(GuardOutcome.Passed, report.Outcome);
        Assert.Equal([true, false], report.Rounds.Select(round => round.Verdict.IsUnsafe));
        Assert.Contains("withheld", model.Calls[1][^1].Text);
        if (!whole) Assert.True(model.Pulled < 28 + 20, "the unsafe draft should not be read to its end");
    }

    [Fact]
    public async Task WhatHasLeftIsNotRegenerated()
    {
        StubChatClient model = new($"All is well. A {Phrase}. More.", "never asked for");
        (string left, GuardReport report, List<ChatResponseUpdate> updates) = await ReadAsync(Guarded(model, StreamRelease.Sentences(), GuardPolicy.Default));
        Assert.StartsWith("All is well. I can't give an answer", left);
        Assert.Equal("All is well. ", string.Concat(updates.Select(update => update.Text))); // the refusal is no text of the model's
        Assert.Equal(GuardOutcome.CutShort, report.Outcome);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task ReasoningAndToolCallsAreJudgedToo()
    {
        StubChatClient reasoning = new((_, _) => StubChatClient.Answer(new TextReasoningContent($"Thinking of a {Phrase}. Yes."), new TextContent("Hello.")));
        (string left, GuardReport report, List<ChatResponseUpdate> updates) = await ReadAsync(Guarded(reasoning, StreamRelease.Sentences()));
        Assert.Equal(GuardOutcome.AnswerRefused, report.Outcome);
        Assert.DoesNotContain(updates.SelectMany(update => update.Contents), content => content is TextReasoningContent);
        Assert.DoesNotContain("Hello", left);

        FunctionCallContent call = new("1", "send", new Dictionary<string, object?> { ["text"] = $"a {Phrase}" });
        StubChatClient calling = new((_, _) => StubChatClient.Answer(new TextContent("I will send it. "), call));
        (left, report, updates) = await ReadAsync(Guarded(calling, StreamRelease.Sentences()));
        Assert.Equal(GuardOutcome.CutShort, report.Outcome);
        Assert.DoesNotContain(updates.SelectMany(update => update.Contents), content => content is FunctionCallContent);
    }

    [Fact]
    public async Task TheEndOfOneContentDoesNotHideTheBeginningOfTheNext()
    {
        PatternModerator word = new([PatternRule.ForKeyword("dangerous_behavior", Severity.Moderate, "forbidden")]);
        ChatResponse Answer() => StubChatClient.Answer(new TextReasoningContent("Thinking."), new TextContent("forbidden"));
        GuardedChatClient client = new(new StubChatClient((_, _) => Answer()), new() { Moderator = word, Policy = () => NoRounds });
        (string left, GuardReport report, _) = await ReadAsync(client);
        Assert.Equal(GuardOutcome.CutShort, report.Outcome); // the reasoning had left
        Assert.DoesNotContain("forbidden", left);
        ChatResponse response = await client.GetResponseAsync("question");
        Assert.Equal(GuardOutcome.AnswerRefused, response.GetGuardReport()!.Outcome);
    }

    [Fact]
    public async Task SafeToolCallsAndReasoningLeaveWhole()
    {
        FunctionCallContent call = new("1", "send", new Dictionary<string, object?> { ["text"] = "hello" });
        StubChatClient model = new((_, _) => StubChatClient.Answer(new TextReasoningContent("Let me think. So be it."), new TextContent("I send it."), call));
        (string left, _, List<ChatResponseUpdate> updates) = await ReadAsync(Guarded(model, StreamRelease.Sentences()));
        Assert.Equal("I send it.", left);
        Assert.Equal("Let me think. So be it.", string.Concat(updates.SelectMany(update => update.Contents).OfType<TextReasoningContent>()));
        Assert.Same(call, Assert.Single(updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>()));
    }

    [Fact]
    public async Task ANoticeStandsBeforeWhatItIsAbout()
    {
        GuardPolicy policy = GuardPolicy.Default with
        {
            Rules = new() { Answer = SeverityRules.All(GuardAction.AllowWithNotice) },
            Notice = "[mind: {categories}]"
        };
        (string left, GuardReport report, _) = await ReadAsync(Guarded(new($"One. A {Phrase}. Three."), StreamRelease.Sentences(), policy));
        Assert.Equal($"One. \n\n[mind: dangerous behavior]\n\nA {Phrase}. Three.", left);
        Assert.Equal("[mind: dangerous behavior]", report.Notice);
    }

    [Fact]
    public async Task AModeratorThatFailsLetsNothingLeave()
    {
        ScriptedModerator broken = new(request => request.Response is null ? Verdict.Safe("s") : throw new HttpRequestException("away"));
        GuardedChatClient client = new(new StubChatClient("One. Two. Three."), new() { Moderator = broken });
        (string left, GuardReport report, _) = await ReadAsync(client);
        Assert.Equal(GuardPolicy.Default.FailureRefusal, left);
        Assert.Equal(GuardOutcome.AnswerRefused, report.Outcome);
    }

    [Fact]
    public async Task AReaderThatLeavesIsReported()
    {
        RecordingObserver observer = new();
        GuardedChatClient client = new(new StubChatClient("One. Two. Three. Four. Five."), new() { Moderator = Moderator, Observer = observer });
        await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync("question")) break;
        Assert.Equal(GuardOutcome.Abandoned, Assert.Single(observer.Ends).Outcome);
    }

    [Fact]
    public async Task AModelThatFailsIsReportedAndItsErrorThrownOn()
    {
        RecordingObserver observer = new();
        StubChatClient model = new((_, _) => StubChatClient.Answer("One. Two."), _ => Failing());
        GuardedChatClient client = new(model, new() { Moderator = Moderator, Observer = observer });
        await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(client));
        Assert.Equal(GuardOutcome.ModelFailed, Assert.Single(observer.Ends).Outcome);

        static IEnumerable<string> Failing()
        {
            yield return "One. ";
            throw new HttpRequestException("cut");
        }
    }

    [Fact]
    public async Task WhatCannotBeRecordedDoesNotLeave()
    {
        GuardedChatClient client = new(new StubChatClient("One and two"), new() { Moderator = Moderator, Observer = new RecordingObserver(failEnd: true) });
        (string left, GuardReport report, _) = await ReadAsync(client);
        Assert.Equal(GuardPolicy.Default.FailureRefusal, left);
        Assert.Equal(GuardOutcome.AnswerRefused, report.Outcome);
    }

    private static void CheckWithheld(string name, string text, int start, string left, GuardReport report, StreamRelease release)
    {
        int refusal = left.IndexOf("I can't give an answer", StringComparison.Ordinal);
        Assert.True(refusal >= 0, name);
        string released = left[..refusal];
        Assert.StartsWith(released, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Phrase, released);
        if (release.HoldBackCharacters >= Phrase.Length) Assert.True(released.Length <= start, $"{name}: '{released}' reaches into the phrase");
        Assert.Equal(released.Length > 0 ? GuardOutcome.CutShort : GuardOutcome.AnswerRefused, report.Outcome);
    }

    private static IEnumerable<string> Cut(string text, int[] lengths)
    {
        for (int at = 0, i = 0; at < text.Length; at += lengths[i++ % lengths.Length])
            yield return text.Substring(at, Math.Min(lengths[i % lengths.Length], text.Length - at));
    }

    private static GuardedChatClient Guarded(StubChatClient model, StreamRelease release, GuardPolicy? policy = null) =>
        new(model, new() { Moderator = Moderator, Policy = () => policy ?? NoRounds, Release = release });

    private static Task<(string, GuardReport, List<ChatResponseUpdate>)> StreamAsync(string text, StreamRelease release,
        Func<string, IEnumerable<string>> split) =>
        ReadAsync(Guarded(new((_, _) => StubChatClient.Answer(text), split), release));

    private static async Task<(string Text, GuardReport Report, List<ChatResponseUpdate> Updates)> ReadAsync(GuardedChatClient client)
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("question")) updates.Add(update);
        return (string.Concat(updates.Select(update => update.Text + update.GetRefusal())), updates[^1].GetGuardReport()!, updates);
    }
}
