using System.Text.Json;
using System.Text.RegularExpressions;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Tests;

/// <summary>Harmless texts of many kinds, and words that none of them should draw.</summary>
internal static class BenignTexts
{
    public static readonly string[] Words =
    [
        "ass", "sex", "gun", "rifle", "drug", "bomb", "kill", "rape", "nude", "porn", "hack", "steal", "weapon", "attack", "poison", "murder", "suicide",
        "explosive", "white power", "kill him", "child abuse", "make a bomb", "credit card", "self harm", "red door", "project falcon", "1488", "cocaine",
        "убийство", "бомба", "оружие",
    ];

    private static readonly string[] Prose =
    [
        "We walked along the river until the evening came; then we went home. It's a well-known path, up-to-date maps show it (see p. 12).",
        "Wir gingen am Fluß entlang, bis es Abend wurde, und über die Brücke nach Hause. Könnten Sie mir helfen?",
        "Nous avons marché le long de la rivière jusqu'au soir, puis nous sommes rentrés à la maison. Où est la gare ?",
        "Caminamos junto al río hasta que llegó la noche y luego volvimos a casa. ¿Dónde está la estación?",
        "Мы шли вдоль реки, пока не наступил вечер, а потом вернулись домой. Не могли бы вы помочь мне? Сорт: сорока.",
        "Περπατήσαμε δίπλα στο ποτάμι μέχρι το βράδυ και μετά γυρίσαμε σπίτι.",
        "我们沿着河走，直到天黑，然后回家了。你能帮我吗？",
        "夕方まで川に沿って歩き、それから家に帰りました。手伝ってもらえますか。",
        "مشينا على طول النهر حتى المساء ثم عدنا إلى المنزل.",
        "הלכנו לאורך הנהר עד הערב ואז חזרנו הביתה.",
        "हम शाम तक नदी के किनारे चले और फिर घर लौट आए।",
        "เราเดินเลียบแม่น้ำจนถึงเย็นแล้วกลับบ้าน",
        "우리는 저녁까지 강을 따라 걷다가 집으로 돌아왔다.",
        "Nehir boyunca akşama kadar yürüdük, sonra eve döndük.",
    ];

    /// <summary>All texts with their kinds, always the same.</summary>
    public static IEnumerable<(string Kind, string Text)> All()
    {
        Random random = new(5);
        foreach (string text in Prose) yield return ("prose", text);
        string root = Golden.RepositoryRoot();
        foreach (string file in Files(Path.Combine(root, "docs"), "*.md").Concat(Files(Path.Combine(root, "recipes"), "*.yaml"))
            .Concat(Files(Path.Combine(root, "src", "SafeRlhfV.Gateway"), "*.cs")).Concat(Files(Path.Combine(root, "deploy"), "*")))
            foreach (string[] lines in File.ReadLines(file).Chunk(25)) yield return (Path.GetExtension(file), string.Join('\n', lines));
        for (int i = 0; i < 200; i++)
        {
            yield return ("table of letters", Rows(6, () => "| " + string.Join(" | ", Letters(random.Next(3, 9)).AsEnumerable()) + " |"));
            yield return ("letters in columns", Rows(6, () => string.Join('\t', Letters(random.Next(3, 9)).ToUpperInvariant().AsEnumerable())));
            yield return ("list of letters", string.Join(", ", Letters(random.Next(3, 12)).AsEnumerable()));
            yield return ("image", $"![x](data:image/png;base64,{Convert.ToBase64String(Bytes(600))})");
            yield return ("digests", Rows(4, () => $"{Convert.ToHexStringLower(Bytes(32))}  file{random.Next(999)}.txt"));
            yield return ("ids", Rows(4, () => $"{new Guid(Bytes(16))} {Convert.ToBase64String(Bytes(12)).TrimEnd('=').Replace('+', '-').Replace('/', '_')}"));
            yield return ("numbers", Rows(5, () => string.Join(' ', Enumerable.Range(0, 12).Select(_ => random.Next(140)))));
            yield return ("measurements", Rows(5, () =>
                $"2026-11-{random.Next(1, 29):00}, {random.NextDouble() * 120:0.0}, {random.Next(60, 125)}, {random.Next(60, 125)}"));
            yield return ("bits", Rows(3, () => string.Concat(Enumerable.Range(0, 32).Select(_ => random.Next(2)))));
            yield return ("JSON", JsonSerializer.Serialize(new
            {
                id = $"call_{Letters(9)}",
                tags = new[] { Letters(4), Letters(3) },
                count = random.Next(),
                sub = new { a = "x\ny" },
            }));
            yield return ("URL",
                $"https://example.org/{Letters(5)}/{Letters(7)}?q={Uri.EscapeDataString(Letters(3) + " " + Letters(4))}"
                + $"&id={random.Next()}&x={Letters(2)}#{Letters(4)}");
            yield return ("HTML",
                $"<table><tr><td>{Letters(1)}</td><td>{Letters(2)}</td></tr></table><p>{Letters(4)} <b>{Letters(5)}</b>&nbsp;&amp; <i>{Letters(3)}</i></p>");
            yield return ("names with digits", Rows(4, () =>
                $"int {Letters(3)}{random.Next(99)} = v{random.Next(9)}.{Letters(4)}{random.Next(9)}("
                + $"{Letters(1)}{random.Next(9)}{Letters(2)}, 0x{random.Next():x});"));
            yield return ("chess", Rows(3, () => $"{random.Next(1, 40)}. e4 e5 Nf3 Nc6 Bb5 a6 O-O b5 Re1 d6"));
            yield return ("lines and dots", Rows(3, () => string.Join(' ', Enumerable.Range(0, 8).Select(_ => random.Next(3) == 0 ? "..." : "---"))));
        }

        byte[] Bytes(int count)
        {
            byte[] bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }
        string Letters(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => (char)('a' + random.Next(26))));
        static string Rows(int count, Func<string> row) => string.Join('\n', Enumerable.Range(0, count).Select(_ => row()));
    }

    /// <summary>Whether a text holds a word, with whatever marks between the words of a phrase.</summary>
    public static bool Holds(string text, string word) => Regex.IsMatch(text,
        $@"(?<![\p{{L}}\d]){word.Replace(" ", @"[\W_]+", StringComparison.Ordinal)}(?![\p{{L}}\d])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal);
}
