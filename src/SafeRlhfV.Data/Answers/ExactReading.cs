using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>Answers that must say the same words: case, emphasis, quotes, blanks and stops around them do not count.</summary>
public static partial class ExactReading
{
    private static readonly char[] Around = [' ', '\t', '"', '\'', '\u201C', '\u201D', '\u2018', '\u2019', '.', '!', '?', ',', ';', ':'];

    /// <summary>The words of an answer; null where it has none.</summary>
    public static string? Read(string answer)
    {
        string words = Blanks().Replace(Emphasis.Remove(answer), " ").Trim(Around).Normalize(NormalizationForm.FormKC).ToLowerInvariant();
        return words.Length == 0 ? null : words;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
