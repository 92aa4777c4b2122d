using System.Text;
using CsCheck;

namespace SafeRlhfV.Guard.Tests;

/// <summary>Long texts full of code that says nothing: they pass, soon, and what is hidden among it is found.</summary>
public sealed class LongTextTests
{
    private const string Phrase = "project falcon";
    private static readonly PatternModerator Moderator =
        new([PatternRule.ForKeyword("c", Severity.Minor, Phrase), PatternRule.ForKeyword("d", Severity.Minor, "silver harbour")]);

    // Ways to hide a phrase of two words.
    private static readonly Func<string, string, string>[] Disguises =
    [
        (first, second) => $"{first[..3]}\u200B{first[3..]}-{second[..3]}.{second[3..]}",
        Encoded,
        (first, second) => string.Join('\n', Encoded(first, second).Chunk(16).Select(part => new string(part))),
        (first, second) => Code(Encoded(first, second)),
        (first, second) => Code($"{string.Join('.', first.AsEnumerable())} {Uri.HexEscape(second[0])}{second[1..]}"),
    ];

    private static readonly string Edited = string.Concat(Enumerable.Range(0, 20_000).Select(i => (char)('a' + (i * 7 % 26))));

    public static TheoryData<string> Kinds { get; } =
        ["UUIDs", "hashes", "Base64", "Base64 in lines", "hexdump", "numbers", "C header", "PEM", "log", "change log", "minified", "table of letters"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task LongHarmlessTextsAreReadWithoutMuchWork(string kind)
    {
        string text = Long(kind);
        Assert.True(text.Length > 100_000);
        Verdict verdict = await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
        Assert.False(verdict.IsUnsafe, verdict.Failure);
        long read = TextReadings.Of(text, TestContext.Current.CancellationToken).Sum(reading => (long)reading.Length);
        Assert.True(read <= 30L * text.Length, $"{read / text.Length} times the text");
    }

    // One phrase in the middle and another at the end, disguised alike: both are found.
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task PhrasesAmongThemAreFound(string kind)
    {
        string text = Long(kind);
        int middle = text.IndexOf('\n', text.Length / 2) is var line and > 0 ? line : text.Length / 2;
        foreach (Func<string, string, string> disguise in Disguises)
        {
            string inMiddle = disguise("project", "falcon"), atEnd = disguise("silver", "harbour");
            string whole = $"{text[..middle]}\nNow: {inMiddle} !\n{text[middle..]}\nNow: {atEnd} !\n";
            Verdict verdict = await Moderator.ModerateAsync(new ModerationRequest(whole), TestContext.Current.CancellationToken);
            Assert.True(verdict.Flagged.Contains("c"), $"{kind}, {inMiddle} in the middle");
            Assert.True(verdict.Flagged.Contains("d"), $"{kind}, {atEnd} at the end");
        }
    }

    // A phrase may have any blanks between its words, and one of them may be disguised.
    [Theory]
    [InlineData("pr0j3ct", 1)]
    [InlineData("pr\u043Eject", 1)]
    [InlineData("pro<b></b>ject", 1000)]
    [InlineData("p r o j e c t", 1000)]
    [InlineData("%70roject", 1000)]
    public async Task NoNumberOfBlanksHidesAPhrase(string hidden, int sentences)
    {
        string before = string.Concat(Enumerable.Repeat("All is well here. ", sentences)), blanks = new(' ', 700);
        foreach (string whole in (string[])[$"{before}{hidden}{blanks}falcon", $"{before}{hidden}\n{blanks}\nfalcon {before}"])
            Assert.True((await Moderator.ModerateAsync(new ModerationRequest(whole), TestContext.Current.CancellationToken)).IsUnsafe);
    }

    // Wherever in a long text it stands.
    [Theory]
    [InlineData("lorem ipsum ")]
    [InlineData("p ")]
    [InlineData("pro ject, ")]
    public async Task APhraseFarBehindTheBeginningIsFoundAndRedacted(string before)
    {
        SensitiveKind[] kinds =
        [
            SensitiveKind.OfPattern("number", @"E-\d{6}"),
            SensitiveKind.Of(new("names", "names", Severity.Severe, [Phrase], [])),
        ];
        for (int length = 90_000; length < 320_000; length += 39_973)
        {
            string text = $"{string.Concat(Enumerable.Repeat(before, length / before.Length))} E-123456 {Phrase}, as we said";
            Verdict verdict = await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
            Assert.True(verdict.Flagged.Contains("c"), $"at {length}");
            string redacted = new Placeholders(new(kinds)).Redact(text);
            Assert.EndsWith(" [NUMBER_1] [NAMES_1], as we said", redacted);
        }
    }

    // Typography sets blanks and dashes of its own between the groups of a number.
    [Theory]
    [InlineData("4111\u00A01111\u00A01111\u00A01111", "[CARD_1]")]
    [InlineData("4111\u20111111\u20111111\u20111111", "[CARD_1]")]
    [InlineData("4111\u22121111\u22121111\u22121111", "[CARD_1]")]
    [InlineData("DE89\u202F3704\u202F0044\u202F0532\u202F0130\u202F00", "[IBAN_1]")]
    [InlineData("+49\u00A0170\u20131234567", "[PHONE_1]")]
    public void NumbersWithOtherBlanksAndDashesAreRedacted(string data, string placeholder)
    {
        Placeholders placeholders = new(RedactionRules.Standard);
        Assert.Equal($"See {placeholder} there", placeholders.Redact($"See {data} there"));
        Assert.Equal(data, placeholders.Restore(placeholder));
    }

    // What edits do, one after another, is what replacing does; and all that is new stands among the changes.
    [Fact]
    public void EditsKnowWhatTheyReplaced() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 9], Gen.Int[0, 40], Gen.Int[0, 60]).Array[1, 4].Array[1, 4].Sample(rounds =>
        {
            string expected = Edited;
            EditedText edited = new(expected);
            foreach ((int Skip, int Length, int By, int Far)[] round in rounds)
            {
                List<(int, int, string)> edits = [];
                StringBuilder other = new();
                int at = 0;
                foreach ((int skip, int length, int by, int far) in round)
                {
                    int start = Math.Min(expected.Length, at + skip + (far * 80)), end = Math.Min(expected.Length, start + length);
                    string text = new('#', by);
                    edits.Add((start, end, text));
                    other.Append(expected, at, start - at).Append(text);
                    at = end;
                }
                expected = other.Append(expected, at, expected.Length - at).ToString();
                edited.Replace(edits);
            }
            string changes = edited.Changes();
            return edited.Text == expected && changes.AsSpan().Count('#') == expected.AsSpan().Count('#')
                && changes.Length < expected.Length + 1;
        }, iter: 2000);

    private static string Encoded(string first, string second) => Code($"The name is {first} {second}, as we said");

    private static string Code(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Long(string kind)
    {
        Random random = new(1);
        return kind switch
        {
            "UUIDs" => Lines(3000, _ => new Guid(Bytes(16)).ToString()),
            "hashes" => Lines(2000, i => $"{Hex(32)}  file{i}.txt"),
            "Base64" => Convert.ToBase64String(Bytes(150_000)),
            "Base64 in lines" => Convert.ToBase64String(Bytes(150_000), Base64FormattingOptions.InsertLineBreaks),
            "hexdump" => Lines(3000, i => $"{i * 16:x8}: {string.Join(' ', Enumerable.Range(0, 8).Select(_ => Hex(2)))}"),
            "numbers" => Lines(1000, _ => string.Join(' ', Enumerable.Range(0, 40).Select(_ => random.Next(256)))),
            "C header" => Lines(2000,
                i => $"#define GL_TEXTURE_{Letters(8).ToUpperInvariant()}_EXT 0x{Hex(2).ToUpperInvariant()} /* glGet{Letters(12)} {i} */"),
            "PEM" => Lines(80, _ => "-----BEGIN CERTIFICATE-----\n"
                + Convert.ToBase64String(Bytes(1200), Base64FormattingOptions.InsertLineBreaks) + "\n-----END CERTIFICATE-----"),
            "log" => Lines(1500,
                i => $"2026-11-{(i % 28) + 1:00}T12:{i % 60:00}:07.123Z INFO [worker-{i % 9}] c.e.a.Foo - id={new Guid(Bytes(16))} took {i} ms, a=b"),
            "change log" => Lines(1500, i => $"* [[`{Hex(5)}`](https://example.org/commit/{Hex(20)})] - **doc**: fix {Letters(9)} (Ann Lee) #{i}"),
            "minified" => string.Concat(Enumerable.Range(0, 4000).Select(_ => $"function {Letters(1)}(e,t){{return e.{Letters(7)}(t&&!0x{Hex(1)})}};")),
            _ => Lines(8000, _ => "| " + string.Join(" | ", Letters(5).AsEnumerable()) + " |"),
        };

        byte[] Bytes(int count)
        {
            byte[] bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }
        string Hex(int count) => Convert.ToHexStringLower(Bytes(count));
        string Letters(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + random.Next(26))));
        string Lines(int count, Func<int, string> line) => string.Join('\n', Enumerable.Range(0, count).Select(line));
    }
}
