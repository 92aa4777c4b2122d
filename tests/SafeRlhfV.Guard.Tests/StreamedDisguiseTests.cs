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

    /// <summary>However much stands unseen within a word or between two, it does not leave; where it is too much to be judged again, the stream ends.</summary>
    [Theory, MemberData(nameof(GuardedStreamTests.Releases), MemberType = typeof(GuardedStreamTests))]
    public async Task NoNumberOfUnseenSignsHidesAWord(string name, StreamRelease release)
    {
        string before = string.Concat(Enumerable.Repeat("All of this is harmless. ", 600));
        GuardPolicy policy = GuardPolicy.Default with { Rounds = 0 };
        PatternRule[] rules = [PatternRule.ForKeyword("c", Severity.Severe, "forbidden"), PatternRule.ForKeyword("c", Severity.Severe, "project falcon")];
        foreach ((string sign, string head, string tail) in ((string, string, string)[])[("\u200b", "forb", "idden"), ("\u0301\U000E0020", "forb", "idden"),
            ("\n", "project", "falcon"), (" \u2800", "project ", "falcon")])
            foreach (int length in (int[])[90, 1300, 3900, 4300, 6000])
            {
                string text = $"{before}It is {head}{string.Concat(Enumerable.Repeat(sign, length / sign.Length))}{tail}. And so it ends. Truly.";
                StubChatClient model = new((_, _) => StubChatClient.Answer(new TextContent(text)), whole => Cut(whole, [97, 203, 64]));
                GuardedChatClient client = model.AsGuarded(new PatternModerator(rules),
                    options => (options.Policy, options.Release, options.CheckPrompts) = (() => policy, release with { ContextCharacters = 1000 }, false));
                List<ChatResponseUpdate> updates = [];
                await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("question")) updates.Add(update);
                GuardReport report = updates[^1].GetGuardReport()!;
                Assert.True(report.Outcome is GuardOutcome.AnswerRefused or GuardOutcome.CutShort, $"{name}, {length} of {(int)sign[0]:x}: {report.Outcome}");
                Assert.DoesNotContain(tail, string.Concat(updates.Select(update => update.Text)));
                Verdict last = report.Rounds[^1].Verdict;
                if (length < 4000) Assert.Equal(["c"], last.Flagged);
                else if (last.IsUnreadable) Assert.Contains("more than 4096 blanks and characters that cannot be seen", last.Reason);
            }
    }

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
