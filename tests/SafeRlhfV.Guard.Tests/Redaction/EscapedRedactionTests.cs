using CsCheck;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

/// <summary>Data that is written with escapes: it is replaced, and put back as it was written.</summary>
public sealed class EscapedRedactionTests
{
    private static readonly string[] Data =
    [
        "bob%40example.org", "ann&#64;example.org", "tom&#x40;example&#46;org", @"eve\u0040example.org", "kim&commat;example&period;org", "joe=40example.org",
        "bob%2540example.org", @"eve\\u0040example.org", "ann&amp;#64;example.org", "%62ob%40example%2Eorg",
        "j%C3%BCrgen%40example.org", "b%EF%BC%A0example.org",
    ];

    public static TheoryData<string, string> Written { get; } =
    [
        .. Data.Select(data => ("email", data)), ("phone", "%2B49%2030%201234567"), ("card", "4111%201111%201111%201111"),
        ("iban", "GB29&nbsp;NWBK 6016 1331 9268 19"),
    ];

    [Theory, MemberData(nameof(Written))]
    public void EscapedDataIsReplacedAndPutBackAsItWasWritten(string kind, string data)
    {
        foreach ((string before, string after) in ((string, string)[])[("", ""), ("It is ", ", I think."), ("q=1&to=", "&x=%20y"), ("{\"to\": \"", "\"}")])
        {
            Placeholders placeholders = new(RedactionRules.Standard);
            string text = before + data + after, redacted = placeholders.Redact(text);
            Assert.Equal($"{before}[{kind.ToUpperInvariant()}_1]{after}", redacted);
            Assert.Equal(text, placeholders.Restore(redacted));
        }
    }

    [Theory]
    [InlineData(@"a line\nbob@example.org", @"a line\n[EMAIL_1]")]
    [InlineData(@"a path\\nbob@example.org", @"a path\\[EMAIL_1]")]
    public void AnEscapeBeforeDataStaysOne(string text, string redacted) =>
        Assert.Equal(redacted, new Placeholders(RedactionRules.Standard).Redact(text));

    [Theory]
    [InlineData("cafe\u0301 noir")]
    [InlineData("caf\u00E9 noir")]
    public void AKeywordIsFoundHoweverItsAccentsAreWritten(string text)
    {
        Placeholders placeholders = new(new([SensitiveKind.Of(new("names", "names", Severity.Severe, ["caf\u00E9 noir"], []))]));
        string redacted = placeholders.Redact($"the {text}, please");
        Assert.Equal("the [NAMES_1], please", redacted);
        Assert.Equal($"the {text}, please", placeholders.Restore(redacted));
    }

    [Theory]
    [InlineData("100 %40 and & so &#64 on, a\\u0040b, x=40y, &nbsp;&amp; %C3%28 %")]
    [InlineData("C:\\new\\table, https://example.org/a%20b?c=%2F&d=%E2%82%AC")]
    public void OtherEscapesStay(string text) => Assert.Equal(text, new Placeholders(RedactionRules.Standard).Redact(text));

    [Theory, MemberData(nameof(GuardedStreamTests.Releases), MemberType = typeof(GuardedStreamTests))]
    public Task EveryPlaceholderIsRestoredAsWrittenHoweverTheStreamIsCut(string name, StreamRelease release) =>
        Gen.Select(Gen.Int[0, Data.Length - 1].Array[1, 6], Gen.Int[1, 9].Array[1, 40]).SampleAsync(async (chosen, cuts) =>
        {
            string text = string.Join(" and [EM ", chosen.Select(one => Data[one])), seen = "";
            StubChatClient model = new((_, messages) => StubChatClient.Answer(new TextContent(seen = messages[^1].Text)), whole => Cut(whole, cuts));
            GuardPolicy policy = GuardPolicy.Default with { Rules = GuardPolicy.Default.Rules with { Redaction = RedactionRules.Standard } };
            GuardedChatClient client = model.AsGuarded(new ScriptedModerator(_ => Verdict.Safe("scripted")),
                options => (options.Policy, options.Release) = (() => policy, release));
            string answer = "";
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(text)) answer += update.Text;
            Assert.True(text == answer, name);
            Assert.DoesNotContain("example", seen);
        }, iter: 40);

    private static IEnumerable<string> Cut(string text, int[] lengths)
    {
        for (int at = 0, i = 0; at < text.Length; at += lengths[i++ % lengths.Length])
            yield return text[at..Math.Min(text.Length, at + lengths[i % lengths.Length])];
    }
}
