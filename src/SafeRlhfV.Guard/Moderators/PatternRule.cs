using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>One rule of a <see cref="PatternModerator"/>: what matches falls under a category with a severity.</summary>
/// <param name="Category">The category.</param>
/// <param name="Severity">How grave a match is.</param>
/// <param name="Pattern">The expression; build it with <see cref="ForKeyword"/> or <see cref="ForPattern"/>.</param>
public sealed record PatternRule(string Category, Severity Severity, Regex Pattern)
{
    private const int ShortestSpelled = 3;

    // scripts that write words without blanks, or particles behind them
    private const string Unspaced = @"\p{IsCJKUnifiedIdeographs}\p{IsCJKUnifiedIdeographsExtensionA}\p{IsHiragana}\p{IsKatakana}\p{IsThai}\p{IsLao}"
        + @"\p{IsKhmer}\p{IsMyanmar}\p{IsHangulSyllables}";
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);

    /// <summary>The letters of a keyword, to look for where letters are written apart; null for other expressions and for keywords of other signs.</summary>
    internal string? Letters { get; init; }

    /// <summary>A whole word or phrase, case and the kind of blank ignored.</summary>
    public static PatternRule ForKeyword(string category, Severity severity, string keyword)
    {
        string[] words = UnicodeForms.Composed(keyword).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) throw new ArgumentException("A keyword has at least one letter.", nameof(keyword));
        string start = Edge(words[0][0]), end = Edge(words[^1][^1]);
        string letters = string.Concat(words);
        return ForPattern(category, severity, start + string.Join(@"\s+", words.Select(Regex.Escape)) + end) with
        {
            Letters = letters.Length >= ShortestSpelled && letters.All(char.IsLetterOrDigit) ? letters : null,
        };
    }

    // Where a word ends. Signs have no end, and a letter of an unspaced script ends any word; a word of other letters ends beside one, too.
    private static string Edge(char letter) => !char.IsLetterOrDigit(letter) || Regex.IsMatch(letter.ToString(), $"[{Unspaced}]")
        ? ""
        : $@"(?:\b|[{Unspaced}])";

    /// <summary>A .NET regular expression, case ignored: run in linear time where it can be, under a time limit elsewhere.</summary>
    /// <remarks>
    /// What runs in linear time has no limit: .NET 10 overlooks matches behind the first 100,000 characters of a text where such an expression has one.
    /// </remarks>
    public static PatternRule ForPattern(string category, Severity severity, string pattern)
    {
        const RegexOptions options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;
        try
        {
            return new(category, severity, new Regex(pattern, options | RegexOptions.NonBacktracking));
        }
        catch (NotSupportedException) // look-arounds and back-references need backtracking
        {
            return new(category, severity, new Regex(pattern, options, Limit));
        }
    }
}
