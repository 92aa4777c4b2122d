using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>The option that an answer chooses. Rules stand in order; the first that finds anything decides, and only if it finds one letter that is an
/// option.</summary>
public static partial class OptionReading
{
    private static readonly string[] AfterCapital = ["or", "and", "is", "but", "because", "since"];

    /// <summary>Reads an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="options">The options' texts, A first; empty texts where only their number is known.</param>
    /// <returns>The letter; null where the answer does not choose one.</returns>
    public static string? Read(string answer, IReadOnlyList<string> options)
    {
        string text = Emphasis.Remove(answer).Trim();
        IEnumerable<string>[] rules =
        [
            Letters(Alone(), text), Letters(Boxed(), text), Letters(Stated(), text), Letters(Begins(), text), Letters(Alone(), text.Split('\n')[^1].Trim()),
            Letters(Bracketed(), text), Capitals(text), Texts(text, options),
        ];
        foreach (IEnumerable<string> rule in rules)
        {
            string[] found = [.. rule.Distinct()];
            if (found.Length > 0) return found.Length == 1 && found[0][0] - 'A' < options.Count && found[0][0] >= 'A' ? found[0] : null;
        }
        return null;
    }

    private static IEnumerable<string> Letters(Regex rule, string text) => rule.Matches(text).Select(match => match.Groups[1].Value.ToUpperInvariant());

    /// <summary>Capitals that stand alone. A and I before a lower-case word are words themselves, unless that word joins or explains.</summary>
    private static IEnumerable<string> Capitals(string text) => Capital().Matches(text)
        .Where(match => match.Value is not ("A" or "I") || FollowingWord().Match(text, match.Index + 1) is not { Success: true } next
            || AfterCapital.Contains(next.Groups[1].Value))
        .Select(match => match.Value);

    /// <summary>Options whose text occurs as whole words; one inside a longer one that occurs leaves.</summary>
    private static IEnumerable<string> Texts(string text, IReadOnlyList<string> options)
    {
        text = UnicodeForms.Composed(text);
        (string Letter, string Text)[] found = [.. options.Select((option, i) => (Letter: $"{(char)('A' + i)}", Text: UnicodeForms.Composed(option.Trim())))
            .Where(option => option.Text.Length > 0 && Occurs(option.Text, text))];
        return found.Where(option => !found.Any(longer => longer.Text.Length > option.Text.Length && Occurs(option.Text, longer.Text)))
            .Select(option => option.Letter);
    }

    private static bool Occurs(string words, string text) =>
        Regex.IsMatch(text, $@"(?<!\w){Regex.Escape(words)}(?!\w)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    [GeneratedRegex(@"^[\s(\[{""']*([A-Za-z])[\s)\]}.:""']*$")]
    private static partial Regex Alone();

    [GeneratedRegex(@"\\boxed\{\s*(?:\\text\{)?\s*([A-Za-z])\s*\}")]
    private static partial Regex Boxed();

    [GeneratedRegex(@"\b(?:[Aa]nswer|ANSWER|[Oo]ption|OPTION|[Cc]hoice|CHOICE)(?:\s+is)?\s*:?\s*[(\[]?([A-Z])\b(?!['\u2019])")]
    private static partial Regex Stated();

    [GeneratedRegex(@"^[(\[]?([A-Z])[.):]\s+\S")]
    private static partial Regex Begins();

    [GeneratedRegex(@"\(([A-Z])\)")]
    private static partial Regex Bracketed();

    [GeneratedRegex(@"(?<![\w'\u2019])[A-Z](?![\w'\u2019])")]
    private static partial Regex Capital();

    [GeneratedRegex(@"\G\s+(\p{Ll}+)")]
    private static partial Regex FollowingWord();
}
