using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>Answers that must say the same words: case, emphasis, quotes, blanks and stops around them do not count, of any script, nor
/// whether accents are composed.</summary>
public static partial class ExactReading
{
    // full-width forms are plain ones by then
    private static readonly char[] Around = [' ', '"', '\'', '\u201C', '\u201D', '\u2018', '\u2019', '\u00AB', '\u00BB', '.', '!', '?', ',', ';', ':', '\u00A1',
        '\u00BF', '\u3002', '\u3001', '\u300C', '\u300D', '\u300E', '\u300F'];

    /// <summary>The words of an answer; null where it has none.</summary>
    public static string? Read(string answer)
    {
        string words = Blanks().Replace(Emphasis.Remove(string.Concat(UnicodeForms.Composed(answer).Select(Plain))), " ").Trim(Around).ToLowerInvariant();
        return words.Length == 0 ? null : words;
    }

    private static char Plain(char letter) => letter is >= '\uFF01' and <= '\uFF5E' ? (char)(letter - '\uFF01' + '!') : letter;

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
