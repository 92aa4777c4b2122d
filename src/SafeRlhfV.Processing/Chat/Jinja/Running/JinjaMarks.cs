using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>
/// Signs put around a template's own texts, so that they can be told from the conversation's in what it writes. They are two code points that Unicode keeps
/// for no character and that the conversation does not hold. White space around an own text stays outside, where a trim still finds it.
/// </summary>
internal sealed class JinjaMarks
{
    private const char FirstSign = '\ufdd0', LastSign = '\ufdee';

    private readonly char begin, end;
    private readonly HashSet<string> own = new(StringComparer.Ordinal);

    private JinjaMarks(char begin) => (this.begin, end) = (begin, (char)(begin + 1));

    /// <summary>Signs that none of the texts hold; null if there are none left.</summary>
    public static JinjaMarks? Unused(IReadOnlyList<string> texts)
    {
        for (char sign = FirstSign; sign <= LastSign; sign += (char)2)
            if (texts.All(text => !text.Contains(sign) && !text.Contains((char)(sign + 1)))) return new JinjaMarks(sign);
        return null;
    }

    /// <summary>An own text of the template with its signs.</summary>
    public string Around(string text)
    {
        ReadOnlySpan<char> start = text.AsSpan().TrimStart(JinjaText.WhiteSpace), core = start.TrimEnd(JinjaText.WhiteSpace);
        if (core.IsEmpty) return text;
        own.Add(core.ToString());
        return string.Concat(text.AsSpan(0, text.Length - start.Length), $"{begin}{core}{end}", start[core.Length..]);
    }

    /// <summary>A text without signs.</summary>
    public string Without(string text) => text.Contains(begin) || text.Contains(end) ? text.Replace(begin.ToString(), "").Replace(end.ToString(), "") : text;

    /// <summary>
    /// The stretches of what was written, each with whether it is the template's own. Null where the signs no longer enclose own texts as they were put: the
    /// template has cut or changed them, and what is its own cannot be told.
    /// </summary>
    public IReadOnlyList<(string Text, bool IsOwn)>? Read(string written)
    {
        List<(string, bool)> stretches = [];
        StringBuilder text = new();
        bool inside = false;
        foreach (char character in written)
        {
            if (character != begin && character != end)
            {
                text.Append(character);
                continue;
            }
            if (character == end && !inside && text.Length == 0) continue; // the end of an own text of which nothing is left
            if (inside != (character == end) || (inside && !own.Contains(text.ToString()))) return null;
            if (text.Length > 0) stretches.Add((text.ToString(), inside));
            text.Clear();
            inside = !inside;
        }
        if (inside) return null;
        if (text.Length > 0) stretches.Add((text.ToString(), false));
        return stretches;
    }
}
