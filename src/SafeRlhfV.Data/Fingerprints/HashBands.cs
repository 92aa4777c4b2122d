namespace SafeRlhfV.Data;

/// <summary>
/// Finds every pair of 64-bit hashes that differ in at most a few bits, without comparing each with each. The bits are dealt to one band more than bits may
/// differ, so two such hashes agree in at least one whole band (8 differing bits cannot touch nine bands). Hashes sorted by a band lie in buckets, and only
/// those of one bucket are compared. Exact.
/// </summary>
internal sealed class HashBands
{
    // from here on a band has so few bits that comparing bucket by bucket costs more than comparing all at once
    private const int MostBands = 15;

    /// <summary>Deals the bits.</summary>
    /// <param name="threshold">The most bits that may differ, 0 to 64.</param>
    public HashBands(int threshold)
    {
        Threshold = threshold;
        int bands = threshold < MostBands ? threshold + 1 : 1;
        ulong[] masks = new ulong[bands];
        // neighbouring bits of a difference hash are alike, so bands take bits from everywhere
        if (bands > 1 || threshold == 0)
            for (int bit = 0; bit < 64; bit++) masks[bit % bands] |= 1UL << bit;
        Masks = masks;
    }

    /// <summary>The most bits that may differ.</summary>
    public int Threshold { get; }

    /// <summary>The bits of each band: together all 64, none twice. One band without bits where the threshold is too high for bands.</summary>
    public ulong[] Masks { get; }

    /// <summary>Whether two hashes agree in no band before this one, where the pair was found already.</summary>
    public bool IsFirst(ulong difference, int band)
    {
        for (int earlier = 0; earlier < band; earlier++)
            if ((difference & Masks[earlier]) == 0) return false;
        return true;
    }

    /// <summary>All pairs of hashes that lie in memory.</summary>
    /// <param name="hashes">The hashes.</param>
    /// <param name="accept">Whether a pair of near hashes counts, by their places; called on several threads.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>Places in order, the lower one first.</returns>
    public IReadOnlyList<(int First, int Second)> Pairs(ulong[] hashes, Func<int, int, bool> accept, CancellationToken cancellationToken = default)
    {
        List<(int First, int Second)> pairs = [];
        ulong[] keys = new ulong[hashes.Length], bucket = new ulong[hashes.Length];
        int[] places = new int[hashes.Length];
        for (int band = 0; band < Masks.Length; band++)
        {
            for (int i = 0; i < hashes.Length; i++) (keys[i], places[i]) = (hashes[i] & Masks[band], i);
            Array.Sort(keys, places);
            for (int i = 0; i < places.Length; i++) bucket[i] = hashes[places[i]];
            for (int start = 0, end; start < keys.Length; start = end)
            {
                for (end = start + 1; end < keys.Length && keys[end] == keys[start];) end++;
                int from = start;
                foreach ((int one, int other) in HashBucket.Pairs(this, band, bucket.AsMemory(start, end - start), (one, other) =>
                    accept(places[from + one], places[from + other]), cancellationToken))
                {
                    (int first, int second) = (places[start + one], places[start + other]);
                    pairs.Add(first < second ? (first, second) : (second, first));
                }
            }
        }
        pairs.Sort();
        return pairs;
    }
}
