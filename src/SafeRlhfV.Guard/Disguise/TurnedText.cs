using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>A text whose letters are moved by thirteen places, or that is read from its end: what a thorough reading tries.</summary>
internal static class TurnedText
{
    /// <summary>Each of these readings of a text.</summary>
    public static IEnumerable<string> Of(string text)
    {
        yield return Moved(text);
        yield return Reversed(text);
        yield return ReversedWords(text);
    }

    private static string Moved(string text) => string.Create(text.Length, text, static (moved, from) =>
    {
        for (int i = 0; i < moved.Length; i++)
        {
            char letter = from[i];
            moved[i] = char.IsAsciiLetter(letter) ? (char)((letter & 0x20) + 'A' + (((letter & ~0x20) - 'A' + 13) % 26)) : letter;
        }
    });

    private static string Reversed(string text)
    {
        StringBuilder reversed = new(text.Length);
        for (int i = text.Length - 1; i >= 0; i--)
        {
            if (i > 0 && char.IsSurrogatePair(text[i - 1], text[i])) reversed.Append(text, --i, 2);
            else reversed.Append(text[i]);
        }
        return reversed.ToString();
    }

    private static string ReversedWords(string text) => string.Create(text.Length, text, static (turned, from) =>
    {
        from.CopyTo(turned);
        for (int i = 0; i < turned.Length; i++)
        {
            int start = i;
            while (i < turned.Length && char.IsLetterOrDigit(turned[i])) i++;
            turned[start..i].Reverse();
        }
    });
}
