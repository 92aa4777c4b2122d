namespace SafeRlhfV.Processing;

/// <summary>Words between white space, which is dropped.</summary>
internal sealed class WhitespaceSplitter : PreTokenizer
{
    public override void Apply(ReadOnlySpan<char> piece, bool first, PieceReceiver next)
    {
        for (int i = 0; i < piece.Length;)
        {
            int start = i;
            while (i < piece.Length && !char.IsWhiteSpace(piece[i])) i++;
            if (i > start) next.Receive(piece[start..i], first && start == 0);
            while (i < piece.Length && char.IsWhiteSpace(piece[i])) i++;
        }
    }
}

/// <summary>Spaces become a visible mark, one is put in front as the scheme says, and the text is cut before each mark if asked for.</summary>
internal sealed class MetaspaceSplitter(char replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    public override void Apply(ReadOnlySpan<char> piece, bool first, PieceReceiver next)
    {
        if (piece.Length == 0) return;
        bool prepend = (scheme == PrependScheme.Always || scheme == PrependScheme.First && first) && piece[0] != ' ' && piece[0] != replacement;
        char[] marked = new char[piece.Length + (prepend ? 1 : 0)];
        marked[0] = replacement;
        piece.Replace(marked.AsSpan(prepend ? 1 : 0), ' ', replacement);
        if (!split)
        {
            next.Receive(marked, first);
            return;
        }
        for (int start = 0, end; start < marked.Length; start = end)
        {
            end = start + 1;
            while (end < marked.Length && marked[end] != replacement) end++;
            next.Receive(marked.AsSpan(start, end - start), first && start == 0);
        }
    }
}
