using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>Lists of texts as Python's <c>repr</c> writes them, with quotes of both kinds; benchmarks hold options and images so.</summary>
internal static class PythonList
{
    /// <summary>The texts; null where this is no list of texts.</summary>
    public static IReadOnlyList<string>? TryRead(string text)
    {
        text = text.Trim();
        if (text.Length < 2 || text[0] != '[' || text[^1] != ']') return null;
        List<string> items = [];
        int at = 1;
        while (true)
        {
            while (char.IsWhiteSpace(text[at])) at++;
            if (text[at] == ']') return at == text.Length - 1 ? items : null;
            if (text[at] is not ('\'' or '"')) return null;
            if (Item(text, ref at) is not { } item) return null;
            items.Add(item);
            while (char.IsWhiteSpace(text[at])) at++;
            if (text[at] == ',') at++;
            else if (text[at] != ']') return null;
        }
    }

    private static string? Item(string text, ref int at)
    {
        char quote = text[at++];
        StringBuilder item = new();
        for (; at < text.Length - 1; at++)
        {
            char letter = text[at];
            if (letter == quote)
            {
                at++;
                return item.ToString();
            }
            if (letter != '\\')
            {
                item.Append(letter);
                continue;
            }
            letter = text[++at];
            int digits = letter switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                if (at + digits >= text.Length
                    || !int.TryParse(text.AsSpan(at + 1, digits), System.Globalization.NumberStyles.AllowHexSpecifier, null, out int code)) return null;
                item.Append(digits == 8 ? char.ConvertFromUtf32(code) : (char)code);
                at += digits;
            }
            else item.Append(letter switch { 'n' => '\n', 't' => '\t', 'r' => '\r', _ => letter });
        }
        return null;
    }
}
