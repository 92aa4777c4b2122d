using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Opens Morse code: letters apart by blanks, words by a stroke or several blanks.</summary>
internal static class MorseCode
{
    private const int FewestLetters = 5, FewestKinds = 3;
    private const string Dots = ".·•∙", Dashes = "-–—−_";
    private static readonly SearchValues<char> Marks = SearchValues.Create(Dots + Dashes);

    private static readonly FrozenDictionary<string, char> Letters =
        (".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
            + "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.").Split(' ').Zip("abcdefghijklmnopqrstuvwxyz0123456789")
        .ToFrozenDictionary(pair => pair.First, pair => pair.Second);

    /// <summary>Opens such code.</summary>
    public static void Open(EditedText opened)
    {
        string text = opened.Text;
        List<(int, int, string)> edits = [];
        for (int at = Next(text, 0); at >= 0;)
        {
            int end = at + 1;
            if (at == 0 || char.IsWhiteSpace(text[at - 1]) || text[at - 1] is '"' or '\'' or '(' or '`' or ':')
            {
                string read = Read(text, at, out end);
                if (read.Count(char.IsLetter) >= FewestLetters && read.Where(char.IsLetter).Distinct().Count() >= FewestKinds) edits.Add((at, end, read));
            }
            at = Next(text, end);
        }
        opened.Replace(edits);
    }

    // Reads as long as what comes is code.
    private static string Read(string text, int start, out int end)
    {
        StringBuilder read = new();
        end = start + 1;
        for (int at = start; at < text.Length;)
        {
            int stop = at;
            while (stop < text.Length && Marks.Contains(text[stop])) stop++;
            if (stop == at || !Letters.TryGetValue(Plain(text.AsSpan(at, stop - at)), out char letter)) break;
            read.Append(letter);
            end = stop;
            at = stop;
            int blanks = 0;
            bool isWord = false;
            for (; at < text.Length && (char.IsWhiteSpace(text[at]) || text[at] is '/' or '|'); at++)
            {
                blanks++;
                isWord |= !char.IsWhiteSpace(text[at]) || text[at] == '\n';
            }
            if (blanks == 0) break;
            if (isWord || blanks > 2) read.Append(' ');
        }
        return read.ToString().TrimEnd();
    }

    private static string Plain(ReadOnlySpan<char> marks)
    {
        Span<char> plain = stackalloc char[Math.Min(marks.Length, 8)];
        for (int i = 0; i < plain.Length; i++) plain[i] = Dots.Contains(marks[i]) ? '.' : '-';
        return plain.ToString();
    }

    private static int Next(string text, int from)
    {
        int next = from < text.Length ? text.AsSpan(from).IndexOfAny(Marks) : -1;
        return next < 0 ? -1 : from + next;
    }
}
