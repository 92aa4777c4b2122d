using CsCheck;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

/// <summary>A hidden phrase in a streamed answer draws the same verdict wherever the stream is cut.</summary>
public sealed class StreamedDisguiseTests
{
    private static readonly string[] Hidden = [.. DisguiseTests.Hidden.Select(row => row.Data.Item2)];

    [Theory, MemberData(nameof(GuardedStreamTests.Releases), MemberType = typeof(GuardedStreamTests))]
    public Task AHiddenPhraseIsFoundHoweverTheStreamIsCut(string name, StreamRelease release) =>
        Gen.Select(Gen.Int[0, Hidden.Length - 1], Gen.Int[1, 25].Array[1, 30]).SampleAsync(async (one, cuts) =>
        {
            string text = $"One sentence. Another one: {Hidden[one]} , as we said. And so it ends.";
            StubChatClient model = new((_, _) => StubChatClient.Answer(new TextContent(text)), whole => Cut(whole, cuts));
            GuardPolicy policy = GuardPolicy.Default with { Rounds = 0 };
            GuardedChatClient client = model.AsGuarded(new PatternModerator(DisguiseTests.Rules),
                options => (options.Policy, options.Release, options.CheckPrompts) = (() => policy, release, false));
            List<ChatResponseUpdate> updates = [];
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("question")) updates.Add(update);
            GuardReport report = updates[^1].GetGuardReport()!;
            Assert.True(report.Outcome is GuardOutcome.AnswerRefused or GuardOutcome.CutShort, $"{name}, {report.Outcome}: {text}");
        }, iter: 60);

    /// <summary>A word that begins or ends like a forbidden one is no such word, wherever the stream is cut, with blanks in it and without.</summary>
    [Theory, MemberData(nameof(GuardedStreamTests.Releases), MemberType = typeof(GuardedStreamTests))]
    public Task ALongerWordDrawsNoAlarmHoweverTheStreamIsCut(string name, StreamRelease release) =>
        Gen.Select(Gen.Int[1, 25].Array[1, 30], Gen.Int[0, 60], Gen.Bool).SampleAsync(async (cuts, before, hasBlanks) =>
        {
            string text = hasBlanks
                ? "The sawdust fell. Two sawmills (sawing all day) are near; a sawhorse stands there.\nA project falconer came, and projected falconry."
                : $"{string.Concat(Enumerable.Repeat("ok,", before))}{string.Concat(Enumerable.Repeat("sawdust,seesaw,", 30))}sawdust";
            StubChatClient model = new((_, _) => StubChatClient.Answer(new TextContent(text)), whole => Cut(whole, cuts));
            GuardPolicy policy = GuardPolicy.Default with { Rounds = 0 };
            PatternRule[] rules = [PatternRule.ForKeyword("tool", Severity.Severe, "saw"), .. DisguiseTests.Rules];
            GuardedChatClient client = model.AsGuarded(new PatternModerator(rules),
                options => (options.Policy, options.Release, options.CheckPrompts) = (() => policy, release, false));
            string left = "";
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("question")) left += update.Text;
            Assert.True(left == text, $"{name}: {left}");
        }, iter: 60);

    private static IEnumerable<string> Cut(string text, int[] lengths)
    {
        for (int at = 0, i = 0; at < text.Length; at += lengths[i++ % lengths.Length])
            yield return text[at..Math.Min(text.Length, at + lengths[i % lengths.Length])];
    }
}
