namespace SafeRlhfV.Training;

/// <summary>A part of a batch, and whether this rank runs it.</summary>
/// <typeparam name="T">What the batch holds.</typeparam>
/// <param name="Index">Its place among the parts of the batch.</param>
/// <param name="Items">What it holds.</param>
/// <param name="IsOwn">Whether this rank runs it.</param>
internal sealed record Share<T>(int Index, IReadOnlyList<T> Items, bool IsOwn);

/// <summary>How the parts of a batch are dealt out to ranks.</summary>
internal static class Shares
{
    /// <summary>
    /// Deals parts out in turn. Parts stay as the recipe cuts them, so that they are the same for any number of ranks; they are cut further only where
    /// there are fewer parts than ranks.
    /// </summary>
    /// <param name="parts">The parts of a batch, the same on all ranks.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="cut">Whether parts may be cut: not where dropout draws its masks by parts. Some ranks then do nothing.</param>
    public static IReadOnlyList<Share<T>> Of<T>(IReadOnlyList<T[]> parts, Ranks ranks, bool cut = true)
    {
        return [.. (cut ? Cut(parts, ranks.Size) : parts).Select((part, index) => new Share<T>(index, part, index % ranks.Size == ranks.Rank))];
    }

    /// <summary>Cuts parts further where there are fewer than ranks.</summary>
    public static IReadOnlyList<T[]> Cut<T>(IReadOnlyList<T[]> parts, int ranks)
    {
        if (parts.Count == 0 || parts.Count >= ranks) return parts;
        int each = (ranks + parts.Count - 1) / parts.Count;
        return [.. parts.SelectMany(part => Even(part, each))];
    }

    // as many pieces as wanted, of sizes that differ by one at most
    private static IEnumerable<T[]> Even<T>(T[] part, int pieces)
    {
        pieces = Math.Min(pieces, part.Length);
        for (int piece = 0; piece < pieces; piece++)
            yield return part[(piece * part.Length / pieces)..((piece + 1) * part.Length / pieces)];
    }
}
