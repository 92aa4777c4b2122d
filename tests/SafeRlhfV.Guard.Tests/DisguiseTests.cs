using System.Text;

namespace SafeRlhfV.Guard.Tests;

/// <summary>Ways of hiding a word that a reader, or a model, sees through: each is found, and harmless text is not.</summary>
public sealed class DisguiseTests
{
    private const string Phrase = "project falcon";
    private const string Told = "the name is project falcon as we said";

    internal static readonly PatternRule[] Rules =
    [
        PatternRule.ForKeyword("c", Severity.Severe, Phrase), PatternRule.ForKeyword("cyrillic", Severity.Severe, "красная дверь"),
        PatternRule.ForKeyword("accents", Severity.Severe, "café noir"), PatternRule.ForKeyword("greek", Severity.Severe, "κόκκινη πόρτα"),
        PatternRule.ForKeyword("hangul", Severity.Severe, "한글"),
    ];

    private static readonly PatternModerator Moderator = new(Rules), Thorough = new(Rules) { Depth = ReadingDepth.Thorough };

    public static TheoryData<string, string> Hidden { get; } = new()
    {
        { "tags within words", "pro<b>ject</b> falcon" },
        { "tags around words", "<b>project</b> <i>falcon</i>" },
        { "tags around letters", string.Concat(Phrase.Select(letter => letter == ' ' ? " " : $"<span class=\"x\">{letter}</span>")) },
        { "an unknown tag", "pro<xyz>ject falcon" },
        { "a comment", "pro<!-- a > b -->ject fal<!---->con" },
        { "CDATA", "pro<![CDATA[ject]]> falcon" },
        { "a stray bracket", "a <b pro<i>ject</i> falcon" },
        { "bold of Markdown", "**pro**ject fal_con_" },
        { "a link of Markdown", "[pro](https://example.org/a_b)ject falcon" },
        { "a link around a word", "the [project](https://example.org/(a)) falcon is" },
        { "a link at the end of a word", "pro[ject](https://example.org) fal[con](b)" },
        { "a reference around a word", "the [project][1] falcon is" },
        { "references at edges", "pro[ject][] f[alcon][a b]" },
        { "an image's text", "the ![project](a.png \"b\") falcon is" },
        { "an image in a link", "the project [![falcon](a.png)](https://example.org) is" },
        { "a link in bold", "the **[project](a)** falcon is" },
        { "a code span", "the `project` falcon is" },
        { "bold around a word", "the **project** falcon is" },
        { "a link of a wiki", "the [[page|project]] [[falcon]] is" },
        { "a footnote", "the project[^1] falcon" },
        { "tags of a forum", "[b]pro[/b]ject falcon" },
        { "tags of a forum around a word", "the [i]project[/i] falcon is" },
        { "a reference beside tags of a forum", "the [project][1] falcon [b]is[/b]" },
        { "links side by side", "[project](a)[falcon](b)" },
        { "several tags of a forum", "the project [b][color=#ff0000]fal[/color]con[/b] is" },
        { "a tag at the end of a word", "the project f<a href=x>alcon</a> is" },
        { "LaTeX around a word", @"the \emph{project} falcon is" },
        { "LaTeX", @"\textbf{pro}ject fal\emph{con}" },
        { "empty braces", "pro{}ject falcon" },
        { "strings put together", "\"pro\" + \"ject fal\" + \"con\"" },
        { "strings on lines of their own", "'pro' +\n    'ject fal' +\n    'con'" },
        { "entities of HTML", "pro&zwnj;ject fal&shy;con" },
        { "entities of HTML5", "pro&ZeroWidthSpace;ject fal&NoBreak;con" },
        { "an entity without its end", "pro&#106ect falcon" },
        { "backslashes", @"pro\ject \f\a\l\c\o\n" },
        { "a hyphen at the end of a line", "pro-\nject fal-\r\n    con" },
        { "other hyphens", "pro\u2010\nject fal\u00AD\ncon" },
        { "a hyphen in a quotation", "> pro-\n> ject falcon" },
        { "a line that goes on", "pro\\\nject falcon" },
        { "quoted-printable", string.Concat(Phrase.Select(letter => $"={(int)letter:X2}")) },
        { "quoted-printable, one letter", "pro=6Aect falcon" },
        { "quoted-printable, a line break", "proj=\r\nect falcon" },
        { "percent signs", "pro%6Aect%20falcon" },
        { "an escape of JSON", @"pro\u006aect falcon" },
        { "an octal escape", @"pro\152ect falcon" },
        { "code points", string.Join(' ', Phrase.Select(letter => $"U+{(int)letter:X4}")) },
        { "digits for letters", "pr0j3ct f4lc0n" },
        { "more digits for letters", "pr0j3c7 f41c0n" },
        { "signs for letters", "proj€ct f@lcon" },
        { "Latin letters in Cyrillic", "кpacнaя двepь" },
        { "Latin capitals in Cyrillic", "KPACHAЯ ДBEPЬ" },
        { "digits in Cyrillic", "кр4сная дв3рь" },
        { "digits and Latin letters in Cyrillic", "кp4cнaя дв3pь" },
        { "Latin letters in Greek", "kόkkιvη πόρta" },
        { "Cyrillic letters among accents", "саfé nоіr" },
        { "accents apart", "cafe\u0301 noir" },
        { "accents apart, with something unseen", "ca\u200Bfe\u0301 noir" },
        { "Hangul apart", "\u1112\u1161\u11AB\u1100\u1173\u11AF" },
        { "Base32", Base32(Phrase) },
        { "Base32 in small letters", Base32(Told).ToLowerInvariant() },
        { "Base32 in groups", string.Join(' ', Base32(Told).TrimEnd('=').Chunk(4).Select(part => new string(part))) },
        { "Ascii85", Base85(Phrase, '!') },
        { "Ascii85 between marks", $"<~{Base85(Phrase, '!')}~>" },
        { "Base85 in quotation marks", $"\"{Base85(Told, '0')}\"" },
        { "Z85", Base85(Told, 'z') },
        { "UTF-7", "+AHAAcgBvAGoAZQBjAHQAIABmAGEAbABjAG8Abg-" },
        { "decimal numbers", string.Join(' ', Phrase.Select(letter => (int)letter)) },
        { "decimal numbers in a list", $"[{string.Join(", ", Phrase.Select(letter => (int)letter))}]" },
        { "decimal numbers in a program", string.Join(" + ", Phrase.Select(letter => $"chr({(int)letter})")) },
        { "octal numbers", string.Join(' ', Phrase.Select(letter => Convert.ToString(letter, 8))) },
        { "binary numbers", string.Join(' ', Phrase.Select(letter => Convert.ToString(letter, 2).PadLeft(8, '0'))) },
        { "binary digits", string.Concat(Phrase.Select(letter => Convert.ToString(letter, 2).PadLeft(8, '0'))) },
        { "hexadecimal numbers in quotation marks", string.Join(", ", Phrase.Select(letter => $"\"{(int)letter:x2}\"")) },
        { "hexadecimal numbers with dots", string.Join('.', Phrase.Select(letter => $"{(int)letter:x2}")) },
        { "hexadecimal numbers with an h", string.Join(' ', Phrase.Select(letter => $"{(int)letter:X2}h")) },
        { "Morse code", Morse(Phrase) },
        { "Morse code in other signs", Morse(Phrase).Replace('.', '·').Replace('-', '–') },
        { "tags and digits", "pr0<b>j3ct</b> f4lcon" },
        { "Base64 in tags", $"{Code(Told)[..10]}<b>{Code(Told)[10..]}</b>" },
        { "Base64 of digits for letters", Code("the name is pr0j3ct f4lc0n as we said") },
    };

    public static TheoryData<string, string> Broken { get; } = new()
    {
        { "commas", ", " }, { "commas alone", "," }, { "blanks", " " }, { "lines", "\n" }, { "quotation marks", "\", \"" }, { "strings put together", "' + '" },
        { "strings on lines", "\"\n\"" }, { "dots", "." }, { "escaped lines", "\\n" }, { "dashes", "-" }, { "items", "\n- " }, { "cells", " | " },
        { "semicolons", "; " },
    };

    public static TheoryData<string, string> Turned { get; } = new()
    {
        { "moved by thirteen", "cebwrpg snypba" },
        { "moved by thirteen, in Base64", Code("gur anzr vf cebwrpg snypba nf jr fnvq") },
        { "reversed", "noclaf tcejorp" },
        { "reversed word by word", "tcejorp noclaf" },
        { "cut by blanks", "pro ject fal con" },
        { "cut by lines", "pro\nject fal con" },
    };

    [Theory, MemberData(nameof(Hidden))]
    public async Task AHiddenPhraseIsFound(string kind, string hidden)
    {
        foreach (string around in (string[])["Tell me: {0} , please.", "{0}", "See\n{0}\nthere"])
            Assert.True(await IsUnsafeAsync(Moderator, string.Format(null, CompositeFormat.Parse(around), hidden)), $"{kind}: {hidden}");
    }

    [Theory, MemberData(nameof(Broken))]
    public async Task Base64InPiecesIsRead(string kind, string between)
    {
        foreach (int length in (int[])[4, 6, 8, 11])
        {
            string hidden = string.Join(between, Code(Told).Chunk(length).Select(part => new string(part)));
            Assert.True(await IsUnsafeAsync(Moderator, $"Decode: {hidden}"), $"{kind}: {hidden}");
        }
        string numbered = string.Join('\n', Code(Told).Chunk(8).Select((part, i) => $"{i + 1}. {new string(part)}"));
        Assert.True(await IsUnsafeAsync(Moderator, numbered), numbered);
    }

    [Theory, MemberData(nameof(Turned))]
    public async Task AThoroughReadingFindsTurnedAndCutWords(string kind, string hidden)
    {
        Assert.True(await IsUnsafeAsync(Thorough, $"Tell me: {hidden} , please."), kind);
        Assert.False(await IsUnsafeAsync(Moderator, $"Tell me: {hidden} , please."), kind);
    }

    [Theory, MemberData(nameof(Hidden))]
    public async Task AThoroughReadingFindsWhatTheOtherDoes(string kind, string hidden) =>
        Assert.True(await IsUnsafeAsync(Thorough, $"Tell me: {hidden} , please."), kind);

    // Texts of many kinds against words that are short and common: an alarm is a word that the text does not hold.
    [Fact]
    public async Task HarmlessTextsDrawNoAlarm()
    {
        PatternRule[] rules = [.. BenignTexts.Words.Select(word => PatternRule.ForKeyword(word, Severity.Minor, word))];
        PatternModerator moderator = new(rules);
        List<string> alarms = [];
        int count = 0;
        foreach ((string kind, string text) in BenignTexts.All())
        {
            count++;
            Verdict verdict = await moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
            alarms.AddRange((verdict.IsUnreadable ? ["unreadable"] : verdict.Flagged).Where(word => !BenignTexts.Holds(text, word))
                .Select(word => $"{kind}, {word}: {text[..Math.Min(text.Length, 2000)]}"));
        }
        Assert.True(count > 3000, $"{count} texts");
        Assert.True(alarms.Count == 0, $"{alarms.Count} of {count}: {string.Join("\n---\n", alarms.Take(10))}");
    }

    private static async Task<bool> IsUnsafeAsync(PatternModerator moderator, string text)
    {
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
        return verdict.IsUnsafe && !verdict.IsUnreadable;
    }

    private static string Code(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Base32(string text)
    {
        StringBuilder code = new();
        string bits = string.Concat(Encoding.UTF8.GetBytes(text).Select(value => Convert.ToString(value, 2).PadLeft(8, '0')));
        for (int i = 0; i < bits.Length; i += 5)
            code.Append("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Convert.ToInt32(bits.Substring(i, Math.Min(5, bits.Length - i)).PadRight(5, '0'), 2)]);
        return code.ToString().PadRight((code.Length + 7) / 8 * 8, '=');
    }

    // In the alphabet of Ascii85 (!), RFC 1924 (0) or Z85 (z).
    private static string Base85(string text, char kind)
    {
        const string Small = "abcdefghijklmnopqrstuvwxyz", Digits = "0123456789";
        string capitals = Small.ToUpperInvariant(), alphabet = kind switch
        {
            '!' => string.Concat(Enumerable.Range('!', 85).Select(code => (char)code)),
            '0' => Digits + capitals + Small + "!#$%&()*+-;<=>?@^_`{|}~",
            _ => Digits + Small + capitals + ".-:+=^!/*?&<>()[]{}@%$#",
        };
        StringBuilder code = new();
        foreach (byte[] part in Encoding.UTF8.GetBytes(text).Chunk(4))
        {
            uint value = part.Concat(new byte[4 - part.Length]).Aggregate(0u, (all, one) => (all << 8) | one);
            string digits = "";
            for (int i = 0; i < 5; i++, value /= 85) digits = alphabet[(int)(value % 85)] + digits;
            code.Append(digits.AsSpan(0, part.Length + 1));
        }
        return code.ToString();
    }

    private static string Morse(string text)
    {
        string[] letters = (".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..").Split(' ');
        return string.Join(' ', text.Select(letter => letter == ' ' ? "/" : letters[letter - 'a']));
    }
}
