namespace SafeRlhfV.Processing;

/// <summary>The stretches of a text in which special tokens must not be recognised.</summary>
internal sealed class UntrustedRanges(IReadOnlyList<(int Start, int End)> ranges)
{
    /// <summary>Special tokens are recognised everywhere.</summary>
    public static UntrustedRanges Nowhere { get; } = new([]);

    /// <summary>Special tokens are recognised nowhere.</summary>
    public static UntrustedRanges Everywhere { get; } = new([(0, int.MaxValue)]);

    /// <summary>The stretches, in order and apart.</summary>
    public IReadOnlyList<(int Start, int End)> Ranges => ranges;

    /// <summary>True if the stretch from start to end has a part in one of these.</summary>
    public bool Touch(int start, int end)
    {
        // the first range that ends after the start
        int low = 0, high = ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (ranges[middle].End > start) high = middle;
            else low = middle + 1;
        }
        return low < ranges.Count && ranges[low].Start < end;
    }

    /// <summary>
    /// These stretches in the normalised form of a piece. What lies outside of them comes out the same whatever the untrusted stretches hold: each reaches from
    /// where the normalised text before it ends to where the one after it begins.
    /// </summary>
    /// <param name="start">Where the piece begins in the text.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="changed">Its normalised form.</param>
    /// <param name="normalize">Gives the normalised form of a part of it.</param>
    public UntrustedRanges Within(int start, string piece, string changed, Func<string, string> normalize)
    {
        if (!Touch(start, start + piece.Length)) return Nowhere;
        List<(int Start, int End)> inside = [];
        foreach ((int from, int to) in ranges)
        {
            if (to <= start || from >= start + piece.Length) continue;
            string before = normalize(piece[..Math.Max(0, from - start)]), after = normalize(piece[Math.Min(piece.Length, to - start)..]);
            int first = before.AsSpan().CommonPrefixLength(changed), last = changed.Length;
            for (int i = 1; i <= after.Length && last > first && after[^i] == changed[last - 1]; i++) last--;
            if (inside.Count > 0 && inside[^1].End >= first) (first, last) = (inside[^1].Start, Math.Max(last, inside[^1].End));
            if (inside.Count > 0 && inside[^1].Start == first) inside.RemoveAt(inside.Count - 1);
            inside.Add((first, last));
        }
        return new UntrustedRanges(inside);
    }
}
