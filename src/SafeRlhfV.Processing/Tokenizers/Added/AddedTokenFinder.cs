using System.Buffers;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Finds added tokens in a text: leftmost first, the longest of those that begin at a place.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<(int Node, char Unit), int> edges = [];
    private readonly List<AddedToken?> ends = [null];
    private readonly SearchValues<char> firstUnits;

    /// <param name="tokens">Tokens with the text to look for.</param>
    public AddedTokenFinder(IEnumerable<(AddedToken Token, string Text)> tokens)
    {
        HashSet<char> first = [];
        foreach ((AddedToken token, string text) in tokens)
        {
            if (text.Length == 0) continue;
            first.Add(text[0]);
            int node = 0;
            foreach (char unit in text)
            {
                if (!edges.TryGetValue((node, unit), out int child))
                {
                    edges[(node, unit)] = child = ends.Count;
                    ends.Add(null);
                }
                node = child;
            }
            ends[node] ??= token;
        }
        firstUnits = SearchValues.Create([.. first]);
        IsEmpty = first.Count == 0;
    }

    /// <summary>True if there is nothing to find.</summary>
    public bool IsEmpty { get; }

    /// <summary>Cuts a text into added tokens and what lies between; special ones only where <paramref name="untrusted"/> lets them.</summary>
    public void Split(ReadOnlySpan<char> text, UntrustedRanges untrusted, List<TextSection> sections)
    {
        int done = 0, at = 0;
        while (!IsEmpty && at < text.Length)
        {
            int found = text[at..].IndexOfAny(firstUnits);
            if (found < 0) break;
            at += found;
            if (Longest(text, at, untrusted) is not { } match)
            {
                at++;
                continue;
            }
            (int start, int end, at) = (at, match.End, match.End);
            AddedToken token = match.Token;
            if (token.SingleWord && (EndsWithWord(text[..start]) || StartsWithWord(text[end..]))) continue;
            if (token.LeftStrip) start = Math.Max(done, text[..start].TrimEnd().Length);
            if (token.RightStrip) end = text.Length - text[end..].TrimStart().Length;
            if (start > done) sections.Add(new TextSection(done, start, -1));
            sections.Add(new TextSection(start, end, token.Id));
            done = end;
        }
        if (done < text.Length) sections.Add(new TextSection(done, text.Length, -1));
    }

    private (AddedToken Token, int End)? Longest(ReadOnlySpan<char> text, int start, UntrustedRanges untrusted)
    {
        (AddedToken, int)? best = null;
        for (int i = start, node = 0; i < text.Length && edges.TryGetValue((node, text[i]), out node); i++)
            if (ends[node] is { } token && (!token.Special || !untrusted.Touch(start, i + 1))) best = (token, i + 1);
        return best;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out Rune last, out _) == OperationStatus.Done
        && CodePoints.IsWord(last);

    private static bool StartsWithWord(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out Rune next, out _) == OperationStatus.Done
        && CodePoints.IsWord(next);
}
