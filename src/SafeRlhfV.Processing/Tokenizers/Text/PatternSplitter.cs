namespace SafeRlhfV.Processing;

/// <summary>Cuts at the matches of a pattern.</summary>
internal sealed class PatternSplitter(TextPattern pattern, SplitBehavior behavior, bool invert) : PreTokenizer
{
    public override void Apply(ReadOnlySpan<char> piece, bool first, PieceReceiver next)
    {
        // known expressions match everywhere, so that every match is a piece
        if (pattern is WordPattern words && (behavior == SplitBehavior.Isolated || behavior == SplitBehavior.Removed && invert))
        {
            for (int start = 0, end; start < piece.Length; start = end)
            {
                end = words.End(piece, start);
                next.Receive(piece[start..end], first && start == 0);
            }
            return;
        }
        foreach ((int start, int end) in Parts(piece)) if (end > start) next.Receive(piece[start..end], first && start == 0);
    }

    private List<TextMatch> Parts(ReadOnlySpan<char> piece)
    {
        List<TextMatch> matches = [];
        pattern.Find(piece, matches);
        // all of the text: what matches and what lies between
        List<(TextMatch Part, bool IsMatch)> all = [];
        int done = 0;
        foreach (TextMatch match in matches)
        {
            if (match.Start > done) all.Add((new TextMatch(done, match.Start), invert));
            all.Add((match, !invert));
            done = match.End;
        }
        if (done < piece.Length) all.Add((new TextMatch(done, piece.Length), invert));
        return behavior switch
        {
            SplitBehavior.Removed => [.. all.Where(part => !part.IsMatch).Select(part => part.Part)],
            SplitBehavior.Isolated => [.. all.Select(part => part.Part)],
            SplitBehavior.MergedWithNext => FromTheEnd(all),
            _ => Joined(all),
        };
    }

    private List<TextMatch> Joined(List<(TextMatch Part, bool IsMatch)> all)
    {
        List<TextMatch> parts = [];
        bool previous = false;
        foreach ((TextMatch part, bool isMatch) in all)
        {
            bool joins = behavior == SplitBehavior.Contiguous ? isMatch == previous : isMatch && !previous;
            if (joins && parts.Count > 0) parts[^1] = parts[^1] with { End = part.End };
            else parts.Add(part);
            previous = isMatch;
        }
        return parts;
    }

    private static List<TextMatch> FromTheEnd(List<(TextMatch Part, bool IsMatch)> all)
    {
        List<TextMatch> parts = [];
        bool previous = false;
        for (int i = all.Count - 1; i >= 0; i--)
        {
            (TextMatch part, bool isMatch) = all[i];
            if (isMatch && !previous && parts.Count > 0) parts[^1] = parts[^1] with { Start = part.Start };
            else parts.Add(part);
            previous = isMatch;
        }
        parts.Reverse();
        return parts;
    }
}
