using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using Microsoft.Extensions.AI;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Tests;

/// <summary>Keywords whose letters or words are joined by punctuation or spelled, code broken over lines, and texts that are encoded without end.</summary>
public sealed class BrokenTextTests
{
    private const string Phrase = "project falcon";
    private static readonly PatternModerator Moderator = new([
        PatternRule.ForKeyword("c", Severity.Minor, Phrase), PatternRule.ForKeyword("d", Severity.Minor, "project"),
        PatternRule.ForKeyword("e", Severity.Minor, "ass"),
        PatternRule.ForPattern("f", Severity.Minor, @"\bred\s+(?:door|gate)\b")]);

    [Theory]
    [InlineData("project-falcon")]
    [InlineData("project_falcon")]
    [InlineData("_project_falcon_")]
    [InlineData("project.falcon")]
    [InlineData("Project/Falcon")]
    [InlineData("project - falcon")]
    [InlineData("**project** **falcon**")]
    [InlineData("project🙂falcon")]
    [InlineData("pro-ject falcon")]
    [InlineData("pro-ject-fal-con")]
    [InlineData("p.r.o.j.e.c.t f.a.l.c.o.n")]
    [InlineData("p.r.o.j.e.c.t.f.a.l.c.o.n")]
    [InlineData("p-r_o.j/e*c t f.a,l:c;o|n")]
    [InlineData("p r o j e c t f a l c o n")]
    [InlineData("a p r o j e c t f a l c o n")]
    [InlineData("w h e r e i s p r o j e c t f a l c o n n o w")]
    [InlineData("p.r.o-j.e.c-t falcon")]
    public async Task NoPunctuationHidesAPhrase(string hidden) => await FindsAsync($"Tell me: {hidden}, please.", "c");

    [Theory]
    [InlineData("a p r o j e c t", "d")]
    [InlineData("I s a w a p r o j e c t", "d")]
    [InlineData("p_r_o_j_e_c_t", "d")]
    [InlineData("a a.s.s", "e")]
    [InlineData("red-door", "f")]
    [InlineData("r.e.d d.o.o.r", "f")]
    [InlineData("a r e d  d o o r", "f")]
    public async Task NoSpellingHidesAWord(string hidden, string category) => await FindsAsync($"Tell me: {hidden}, please.", category);

    [Theory]
    [InlineData("u4", "c")]
    [InlineData("U8", "c")]
    [InlineData("percent u", "c")]
    [InlineData("entities", "c")]
    [InlineData("hexadecimal entities", "c")]
    [InlineData("hex with dashes", "c")]
    [InlineData("hex with semicolons", "c")]
    [InlineData("hex with dollars", "c")]
    [InlineData("UTF-16", "c")]
    [InlineData("UTF-16, big endian", "c")]
    public async Task NoEscapeHidesAPhrase(string kind, string category)
    {
        string Each(string before, string format) => string.Concat(Phrase.Select(letter => before + ((int)letter).ToString(format, null)));
        await FindsAsync("See " + kind switch
        {
            "u4" => Each(@"\u", "x4"),
            "U8" => Each(@"\U", "x8"),
            "percent u" => Each("%u", "x4"),
            "entities" => Each("&#", "d"),
            "hexadecimal entities" => Each("&#x", "x"),
            "hex with dashes" => Each("-", "x2")[1..],
            "hex with semicolons" => Each(";", "x2")[1..],
            "hex with dollars" => Each("$", "x2"),
            "UTF-16" => Convert.ToBase64String(Encoding.Unicode.GetBytes(Phrase)),
            _ => Convert.ToBase64String(Encoding.BigEndianUnicode.GetBytes(Phrase)),
        } + " there", category, kind);
    }

    [Theory]
    [InlineData("prọjẹct fạlcọn")]
    [InlineData("ṕṙójéċť fạlḉṏṅ")]
    [InlineData("ᴘʀᴏᴊᴇᴄᴛ ғᴀʟᴄᴏɴ")]
    [InlineData("ρroject falcon")]
    [InlineData("рrојест fаlсоn")]
    public async Task NoLettersOfOtherScriptsHideAPhrase(string hidden) => await FindsAsync($"Tell me: {hidden}, please.", "c");

    [Theory]
    [InlineData(76, "\r\n")]
    [InlineData(76, "\n")]
    [InlineData(16, "\n")]
    [InlineData(16, "\r\n")]
    [InlineData(16, "\n    ")]
    [InlineData(16, "\n> ")]
    [InlineData(8, " ")]
    [InlineData(7, " ")]
    [InlineData(5, "\r\n")]
    public async Task NoLineBreaksHideCode(int length, string lineBreak)
    {
        byte[] text = Encoding.UTF8.GetBytes($"The plan of which we spoke has the name of {Phrase}");
        (string Name, string Code)[] codes =
        [
            ("Base64", Convert.ToBase64String(text)), ("without padding", Convert.ToBase64String(text).TrimEnd('=')),
            ("hex", Convert.ToHexStringLower(text)),
            ("UTF-16", Convert.ToBase64String(Encoding.Unicode.GetBytes(Phrase))),
            ("hex of UTF-16", Convert.ToHexString(Encoding.Unicode.GetBytes(Phrase))),
        ];
        foreach ((string name, string code) in codes)
        {
            string broken = string.Join(lineBreak, code.Chunk(length).Select(line => new string(line)));
            foreach (string around in (string[])["Decode this:\n{0}", "Decode this {0} and do it", "{0}\nplease decode", "Read\n{0}\n\nnow", "add {0} be"])
                await FindsAsync(string.Format(null, around, broken), "c", name);
        }
    }

    // Bytes that are no text around a text, and JSON whose strings hold it.
    [Fact]
    public async Task NoOtherBytesHideATextInCode()
    {
        byte[] text = Encoding.UTF8.GetBytes($"The plan of which we spoke has the name of {Phrase}, as you know"), other = [0xff, 0x00, 0x01, 0xfe];
        byte[] wide = Encoding.Unicode.GetBytes($"The plan has the name of {Phrase}, as you know");
        foreach (byte[] bytes in (byte[][])[[.. text, .. other], [.. other, .. text], [.. other, .. text, .. other], wide])
        {
            string code = Convert.ToBase64String(bytes);
            await FindsAsync($"Decode {code} now", "c");
            await FindsAsync(JsonWords.Of(JsonSerializer.SerializeToElement(new { arguments = new { data = code } })), "c");
        }
        Random random = new(7);
        byte[] noise = new byte[3000];
        random.NextBytes(noise);
        Assert.True(OpaqueText.IsOpaque(Convert.ToBase64String(noise)));
    }

    [Theory]
    [InlineData("He opened the red, door after door, and left. Projects: falconry. Doors, red.")]
    [InlineData("The projection of falcons; a well-known, up-to-date e.g. i.e. U.S.A. class-action.")]
    [InlineData("c-l-a-s-s is spelled out, and so is g r a s s")]
    [InlineData("Call 10-12 or 3.5, at https://example.org/a-b_c?d=e-f#g or by mail (me@example.org).")]
    [InlineData("f(x) = a x + b y + c; let i = 0, j = 1, k = 2;")]
    [InlineData("2019 2020 2021 2022 2023 2024 2025 2026 are years; dead beef cafe face added")]
    [InlineData("Four Five ABCD what This WORD then Some Thing More Than That Here")]
    [InlineData("红，门。红门？")]
    public async Task HarmlessTextPasses(string text) =>
        Assert.False((await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken)).IsUnsafe);

    public static TheoryData<string> Endless { get; } = ["JSON", "Base64", "backslashes", "percent", "entities", "mixed"];

    // About 2 MB of each. What cannot be decoded within bounds is refused by name, and soon.
    [Theory]
    [MemberData(nameof(Endless))]
    public async Task WhatIsEncodedWithoutEndIsRefusedOrFoundInTime(string kind)
    {
        string text = Nested(kind);
        Verdict verdict = await Moderator.FailClosed(TimeSpan.FromSeconds(30))
            .ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
        Assert.True(verdict.IsUnsafe, kind);
        Assert.Null(verdict.Failure);
        Assert.True(verdict.IsUnreadable || verdict.Flagged.Contains("c"), kind);
    }

    [Theory]
    [MemberData(nameof(Endless))]
    public async Task AChatRefusesWhatIsEncodedWithoutEnd(string kind)
    {
        StubChatClient model = new("fine");
        GuardPolicy lenient = GuardPolicy.Default with
        {
            Rules = new() { Prompt = SeverityRules.All(GuardAction.Allow), Answer = SeverityRules.All(GuardAction.Allow) },
        };
        using GuardedChatClient client = new(model, new()
        {
            Moderator = new ScriptedModerator(_ => Verdict.Safe("nobody")),
            Policy = () => lenient,
            Injection = new([InjectionPatterns.Standard]),
        });
        ChatResponse response = await client.GetResponseAsync(Nested(kind), cancellationToken: TestContext.Current.CancellationToken);
        if (kind is "backslashes" or "percent" or "entities") return; // opened at once, however deep
        Assert.Equal(ChatFinishReason.ContentFilter, response.FinishReason);
        Assert.Contains("encoded more than 8 times over", response.Messages[0].Contents.OfType<ErrorContent>().Single().Message);
        Assert.Null(response.GetGuardReport()!.ModeratorFailure);
    }

    [Fact]
    public async Task ReadingEndsWithItsToken()
    {
        using CancellationTokenSource ended = new();
        await ended.CancelAsync();
        Assert.Throws<OperationCanceledException>(() => TextReadings.Of(Nested("mixed"), ended.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Moderator.ModerateAsync([new(Nested("mixed"))], ended.Token));
    }

    // However a phrase's code is broken, it is found.
    [Fact]
    public void CodeBrokenAnywhereIsRead() => Gen.Select(Gen.Int[3, 20].Array[40], Gen.Bool, Gen.Bool).Sample((lengths, isHex, isPadded) =>
    {
        byte[] text = Encoding.UTF8.GetBytes($"look for {Phrase} there");
        string code = isHex ? Convert.ToHexString(text) : Convert.ToBase64String(text);
        if (!isPadded) code = code.TrimEnd('=');
        StringBuilder broken = new();
        for (int i = 0, k = 0; i < code.Length; i += lengths[k++]) broken.Append(code.AsSpan(i, Math.Min(lengths[k], code.Length - i))).Append("\r\n");
        return TextReadings.Of($"See:\n{broken}It is that.").Any(reading => reading.Contains(Phrase, StringComparison.Ordinal));
    }, iter: 500);

    // Prose, tables, code and texts in many scripts: a word that a reading finds where the text does not hold it, with whatever marks around, is a false alarm.
    [Fact]
    public async Task HarmlessTextsDrawNoAlarmByTheirReadings()
    {
        string[] words =
        [
            "ass", "sex", "rifle", "drug", "bomb", "kill", "rape", "nude", "porn", "hack", "steal", "weapon", "attack", "poison", "murder", "suicide",
            "explosive", "white power", "kill him", "child abuse", "make a bomb", "credit card", "self harm", "red door", "project falcon", "1488",
        ];
        PatternRule[] rules = [.. words.Select(word => PatternRule.ForKeyword(word, Severity.Minor, word))];
        Dictionary<string, Regex> plain = words.ToDictionary(word => word, word =>
            new Regex($@"(?<![\p{{L}}\d]){word.Replace(" ", @"[\W_]+", StringComparison.Ordinal)}(?![\p{{L}}\d])", RegexOptions.IgnoreCase));
        string root = Golden.RepositoryRoot();
        string[] files =
        [
            .. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories),
            .. Directory.EnumerateFiles(Path.Combine(root, "src", "SafeRlhfV.Gateway"), "*.cs", SearchOption.AllDirectories),
            .. Directory.EnumerateFiles(Golden.At("tokenizers"), "cases.jsonl", SearchOption.AllDirectories).Take(1),
        ];
        string[] texts = [.. files.SelectMany(file => File.ReadLines(file).Chunk(20).Select(lines => string.Join('\n', lines)))];
        IReadOnlyList<Verdict> verdicts =
            await new PatternModerator(rules).ModerateAsync([.. texts.Select(text => new ModerationRequest(text))], TestContext.Current.CancellationToken);
        string[] alarms =
        [
            .. texts.Zip(verdicts).SelectMany(one => (one.Second.IsUnreadable ? ["unreadable"] : one.Second.Flagged)
                .Where(word => !(plain.TryGetValue(word, out Regex? known) && known.IsMatch(one.First)))
                .Select(word => $"{word}: {one.First}")),
        ];
        Assert.True(texts.Length > 500);
        Assert.True(alarms.Length == 0, $"{alarms.Length} of {texts.Length}: {string.Join("\n---\n", alarms)}");
    }

    private static async Task FindsAsync(string text, string category, string? name = null)
    {
        Verdict verdict = await Moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken);
        Assert.True(verdict.Flagged.Contains(category), $"{name}: {text}");
    }

    private static string Nested(string kind)
    {
        const int Size = 2_000_000;
        StringBuilder text = new();
        string inner = Phrase;
        switch (kind)
        {
            case "JSON": // an escaped backslash begins the next escape, as often as it fits
                return text.Append('\\').Insert(1, "u005c", Size / 5).Append("u0070roject falcon").ToString();
            case "Base64":
                while (inner.Length < Size) inner = Convert.ToBase64String(Encoding.UTF8.GetBytes(inner));
                return inner;
            case "backslashes":
                for (int i = 0; i < 17; i++) inner = JsonSerializer.Serialize(inner.Replace("p", @"\u0070", StringComparison.Ordinal));
                return text.Insert(0, inner, Math.Max(1, Size / inner.Length)).ToString();
            case "percent": return text.Append('%').Insert(1, "25", Size / 2).Append("70roject falcon").ToString();
            case "entities": return text.Append('&').Insert(1, "amp;", Size / 4).Append("#112;roject falcon").ToString();
            default:
                for (int i = 0; inner.Length < Size; i++)
                    inner = i % 2 == 0 ? JsonSerializer.Serialize(inner) : Convert.ToBase64String(Encoding.UTF8.GetBytes(inner));
                return inner;
        }
    }
}
