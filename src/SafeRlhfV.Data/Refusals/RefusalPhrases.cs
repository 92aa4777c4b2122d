using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>
/// A named and versioned list of phrases that refuse (<c>refusal@1</c>), or a file of one's own. Matched on whole words without case, marks and punctuation,
/// with straight and curly apostrophes alike; an answer without a letter refuses.
/// </summary>
public sealed partial class RefusalPhrases
{
    /// <summary>The lists that come with the tool.</summary>
    public static IReadOnlyList<string> Names { get; } = ["refusal@1"];

    private readonly (string Phrase, Regex Pattern)[] phrases;

    private RefusalPhrases(string name, IEnumerable<string> lines)
    {
        Name = name;
        string[] all = [.. lines.Select(line => line.TrimEnd('\r')).Where(line => line.Trim().Length > 0 && !line.StartsWith('#'))];
        phrases = [.. all.Select(line => (line.Trim(), Compile(name, line.Trim())))];
        if (phrases.Length == 0) throw new InvalidInputException($"{name}: holds no phrase; write one a line.");
        Fingerprint = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', all))))[..16];
    }

    /// <summary>The list's name with its version.</summary>
    public string Name { get; }

    /// <summary>A hash of the phrases.</summary>
    public string Fingerprint { get; }

    /// <summary>Opens a list: one of <see cref="Names"/> (the newest version where none is named), or a file.</summary>
    /// <exception cref="InvalidInputException">There is none, or a line of it is malformed.</exception>
    public static RefusalPhrases Open(string name)
    {
        if (Known(name) is { } known) return new(known, Own(known).Split('\n'));
        if (!File.Exists(name)) throw new InvalidInputException($"'{name}' is no list of phrases and no file; the lists are {string.Join(", ", Names)}.");
        return new(name, DiskErrors.Reading(name, () => File.ReadAllLines(name)));
    }

    /// <summary>Whether <see cref="Open"/> would read the phrases from a file of one's own.</summary>
    public static bool IsFile(string name) => Known(name) is null && File.Exists(name);

    /// <summary>The phrase by which an answer refuses; empty where it says nothing at all, and null where it does not refuse.</summary>
    public string? Find(string answer)
    {
        string words = Normal(answer);
        if (words.Length == 0) return "";
        return Array.Find(phrases, one => one.Pattern.IsMatch(words)).Phrase;
    }

    private static string? Known(string name) => Names.LastOrDefault(one => one == name || one.Split('@')[0] == name);

    private static string Own(string name)
    {
        using Stream stream = typeof(RefusalPhrases).Assembly.GetManifestResourceStream($"phrases-{name.Replace('@', '-')}.txt")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    private static string Normal(string text) => string.Join(' ', Word().Matches(text.ToLowerInvariant().Replace('\u2019', '\'').Replace('\u2018', '\''))
        .Select(match => match.Value.Trim('\'')).Where(word => word.Length > 0));

    // blanks beside a choice that may be empty belong to it, so that "i {|really }can't" needs no two blanks
    private static Regex Compile(string name, string line)
    {
        bool begins = line[0] == '^', inside = line[0] == '~';
        string phrase = line.TrimStart('^', '~').Trim();
        StringBuilder pattern = new(begins ? "^" : inside ? "" : @"(?<![\p{L}\p{N}'])");
        foreach (Match piece in Piece().Matches(phrase))
            pattern.Append(piece.Value[0] == '{'
                ? $"(?:{string.Join('|', piece.Value[1..^1].Split('|').Select(Regex.Escape))})"
                : Regex.Escape(piece.Value));
        if (Piece().Replace(phrase, "").Length > 0) throw new InvalidInputException($"{name}: the phrase {Finding.Quote(line)} has an open or stray bracket.");
        if (!inside) pattern.Append(@"(?![\p{L}\p{N}'])");
        return new Regex(pattern.ToString(), RegexOptions.CultureInvariant);
    }

    [GeneratedRegex(@"[\p{L}\p{N}\p{M}']+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\{[^{}]*\}|[^{}]+")]
    private static partial Regex Piece();
}
