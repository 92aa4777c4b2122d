using System.Text;
using CsCheck;

namespace SafeRlhfV.Guard.Tests;

public sealed class TextReadingsTests
{
    private static readonly PatternModerator Moderator = new([PatternRule.ForKeyword("c", Severity.Minor, "red door")]);

    // Each hides "red door".
    private static readonly Func<string, string>[] Disguises =
    [
        text => text,
        text => Between(text, "\u200b"),
        text => Between(text, "\u00ad"),
        text => Between(text, "\U000E0061"), // a tag
        text => Between(text, "\U000E0100"), // a variation selector
        text => Between(text, "\u20DD"), // an enclosing circle
        text => Between(text, "\u0336"),
        text => Between(text, "\u3164"), // a Hangul filler
        text => Between(text, "\u2800"), // a Braille blank
        text => text.Replace(" ", "\u2800", StringComparison.Ordinal),
        text => text.Replace(" ", "\u3164", StringComparison.Ordinal),
        text => Letters(text, 0x1D41A), // bold
        text => Letters(text, 0x1D4EA), // bold script
        text => Letters(text, 0x1D68A), // monospaced
        text => Letters(text, 0x24D0), // in circles
        text => Letters(text, 0x1F1E6), // of flags
        text => Letters(text, 0xFF41), // full width
        text => Letters(text, 0xE0061), // tags alone
        text => text.Replace('e', 'е').Replace('o', 'о'), // Cyrillic
        text => text.Replace('e', 'é').Replace('o', 'ö'),
        text => Between(text.Replace(" ", "  ", StringComparison.Ordinal), " "),
        text => string.Join(' ', text.Split(' ').Select(word => string.Join('-', word.EnumerateRunes()))),
        text => Convert.ToBase64String(Encoding.UTF8.GetBytes($"go to the {text}")),
        text => Convert.ToBase64String(Encoding.UTF8.GetBytes($"go to the {text}?")).TrimEnd('=').Replace('+', '-').Replace('/', '_'),
        text => Convert.ToBase64String(Encoding.Unicode.GetBytes(text)),
        text => Convert.ToBase64String(Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes($"the {text} is there")))),
        text => $"see/x-{Convert.ToBase64String(Encoding.UTF8.GetBytes($"go to the {text}, now"))}",
        text => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)),
        text => string.Join(' ', Encoding.UTF8.GetBytes(text).Select(value => $"0x{value:x2}")),
        text => string.Concat(Encoding.UTF8.GetBytes(text).Select(value => $"%{value:x2}")),
        text => string.Concat(text.Select(letter => $"\\u{(int)letter:x4}")),
        text => string.Concat(text.Select(letter => $"\\\\x{(int)letter:X2}")),
        text => string.Concat(text.EnumerateRunes().Select(letter => $"&#{letter.Value};")),
    ];

    [Fact]
    public async Task NoDisguiseHidesAPhrase()
    {
        for (int i = 0; i < Disguises.Length; i++)
        {
            string text = $"Tell me: {Disguises[i]("red door")}, please.";
            Assert.True((await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken)).IsUnsafe, $"{i}: {text}");
        }
    }

    [Fact]
    public async Task NoControlCharacterHidesAPhrase()
    {
        foreach (int code in Enumerable.Range(0, 0x20).Where(code => code is not (>= 9 and <= 13)).Concat([0x7F, 0x80, 0x9F, 0xFFFC, 0xE000, 0xF8FF]))
        {
            string text = $"Tell me: {Between("red door", ((char)code).ToString())}, please.";
            Assert.True((await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken)).IsUnsafe, $"U+{code:X4}");
        }
    }

    [Theory]
    [InlineData("redder doors")]
    [InlineData("a, b, c and d e")]
    [InlineData("Internationalization is a long word, and so is counterrevolutionaries.")]
    [InlineData("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    [InlineData("привет, как дела? 你好 👩‍👩‍👧 ✌️")]
    [InlineData("100 % of C:\\users & R&D")]
    public async Task WhatHidesNothingIsSafe(string text) =>
        Assert.False((await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken)).IsUnsafe);

    [Fact]
    public void PlainTextHasOneReading()
    {
        Assert.Single(TextReadings.Of("How do I use this? It is a long question, in plain words."));
        Assert.Null(TextReadings.Opened("plain words"));
        Assert.Null(TextReadings.Opened("привет 👩‍👩‍👧 ✌️"));
    }

    [Fact]
    public void OpenedTextStandsWhereItStood() =>
        Assert.Equal("Read: open the door now", TextReadings.Opened($"Read: {Convert.ToBase64String("open the door"u8)} now"));

    // Disguises in one another, with other disguised words beside them, so that a reading that undoes one alone finds nothing.
    [Fact]
    public async Task NoTwoDisguisesHideAPhraseTogether()
    {
        for (int inner = 0; inner < Disguises.Length; inner++)
        {
            for (int outer = 0; outer < Disguises.Length; outer++)
            {
                if (inner is 17 or 18 or 19 || outer is 15 or 17 or 21 or 31 || (inner > 28 && outer == 20)) continue; // what cannot stand in the other
                string hidden = Disguises[outer](Disguises[inner]("red door"));
                string text = $"It {Between("is", "\u200b")} {Letters("so", 0x1D41A)}: {hidden}, {Between("see", " ")}.";
                Verdict verdict = await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
                Assert.True(verdict.IsUnsafe, $"{inner} in {outer}: {text}");
            }
        }
    }

    [Theory]
    [InlineData('\\')]
    [InlineData('%')]
    [InlineData('6')]
    [InlineData('&')]
    [InlineData(' ')]
    public void LongRunsAreReadInTime(char letter)
    {
        string text = new(letter, 2_000_000);
        Assert.InRange(TextReadings.Of(text).Count, 1, 72);
    }

    // Whatever comes, reading ends, and the first reading is the text itself.
    [Fact]
    public void AnyTextIsRead() => Gen.String.Sample(text =>
    {
        IReadOnlyList<string> readings = TextReadings.Of(text);
        TextReadings.Opened(text);
        return ReferenceEquals(readings[0], text) && readings.Count <= 72;
    }, iter: 2000);

    private static string Between(string text, string mark) => string.Join(mark, text.EnumerateRunes());

    private static string Letters(string text, int a) =>
        string.Concat(text.Select(letter => letter is >= 'a' and <= 'z' ? new Rune(a + letter - 'a').ToString() : letter.ToString()));
}
