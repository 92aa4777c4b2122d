using System.Numerics;
using System.Runtime.Intrinsics.X86;

namespace SafeRlhfV.Data;

/// <summary>The near pairs among hashes that agree in a band. Small buckets are compared each with each; in large ones the other bits are indexed.</summary>
internal static class HashBucket
{
    // three parts of the bits: of at most t differing bits, one part has at most t / 3
    private const int Parts = 3, Stripe = 512;

    /// <summary>The pairs of a bucket that are pairs of this band.</summary>
    /// <param name="bands">The bands.</param>
    /// <param name="band">The one in which all hashes of the bucket agree.</param>
    /// <param name="hashes">The bucket.</param>
    /// <param name="accept">Whether a pair of near hashes counts, by their places in the bucket; called on several threads.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>Places in the bucket, in no order.</returns>
    public static IReadOnlyList<(int One, int Other)> Pairs(HashBands bands, int band, ReadOnlyMemory<ulong> hashes, Func<int, int, bool> accept,
        CancellationToken cancellationToken)
    {
        if (hashes.Length < 2) return [];
        ulong[] parts = Deal(~bands.Masks[band]);
        int[] flips = Flips(parts.Max(part => BitOperations.PopCount(part)), bands.Threshold / Parts);
        // a look-up costs about four comparisons, and half of the pairs of keys are looked up
        return (long)hashes.Length > 4L * Parts * flips.Length ? Indexed(bands, band, hashes, parts, flips, accept, cancellationToken)
            : EachWithEach(bands, band, hashes, accept, cancellationToken);
    }

    private static List<(int, int)> EachWithEach(HashBands bands, int band, ReadOnlyMemory<ulong> hashes, Func<int, int, bool> accept,
        CancellationToken cancellationToken) =>
        Striped(hashes.Length, cancellationToken, (from, to, found) =>
        {
            ReadOnlySpan<ulong> all = hashes.Span;
            int threshold = bands.Threshold;
            for (int i = from; i < to; i++)
                for (int j = i + 1; j < all.Length; j++)
                    if (BitOperations.PopCount(all[i] ^ all[j]) <= threshold && bands.IsFirst(all[i] ^ all[j], band) && accept(i, j)) found.Add((i, j));
        });

    private static List<(int, int)> Indexed(HashBands bands, int band, ReadOnlyMemory<ulong> hashes, ulong[] parts, int[] flips, Func<int, int, bool> accept,
        CancellationToken cancellationToken)
    {
        List<(int, int)> pairs = [];
        int threshold = bands.Threshold, most = threshold / Parts;
        for (int part = 0; part < Parts; part++)
        {
            // hashes by the key that the part's bits make: those of key k stand at starts[k] to starts[k + 1]
            ulong mask = parts[part];
            int[] starts = new int[(1 << BitOperations.PopCount(mask)) + 1], places = new int[hashes.Length];
            uint[] keys = new uint[hashes.Length];
            ulong[] sorted = new ulong[hashes.Length];
            ReadOnlySpan<ulong> given = hashes.Span;
            for (int i = 0; i < given.Length; i++) starts[(int)Extract(given[i], mask) + 1]++;
            for (int key = 1; key < starts.Length; key++) starts[key] += starts[key - 1];
            int[] next = starts[..^1];
            for (int i = 0; i < given.Length; i++)
            {
                uint key = Extract(given[i], mask);
                int at = next[key]++;
                (keys[at], places[at], sorted[at]) = (key, i, given[i]);
            }
            pairs.AddRange(Striped(hashes.Length, cancellationToken, (from, to, found) =>
            {
                for (int at = from; at < to; at++)
                    foreach (int flip in flips)
                    {
                        uint key = keys[at] ^ (uint)flip;
                        if (key < keys[at] || key >= starts.Length - 1) continue; // the other one of the two finds the pair
                        int begin = flip == 0 ? at + 1 : starts[key], end = starts[key + 1];
                        for (int other = begin; other < end; other++)
                        {
                            ulong difference = sorted[at] ^ sorted[other];
                            if (BitOperations.PopCount(difference) <= threshold && bands.IsFirst(difference, band) && IsFirst(difference)
                                && accept(places[at], places[other]))
                                found.Add((places[at], places[other]));
                        }
                    }
            }));

            bool IsFirst(ulong difference)
            {
                for (int earlier = 0; earlier < part; earlier++)
                    if (BitOperations.PopCount(difference & parts[earlier]) <= most) return false;
                return true;
            }
        }
        return pairs;
    }

    /// <summary>Works on stripes of rows, on several threads where there are many.</summary>
    private static List<(int, int)> Striped(int count, CancellationToken cancellationToken, Action<int, int, List<(int, int)>> work)
    {
        List<(int, int)> pairs = [];
        int stripes = (count + Stripe - 1) / Stripe;
        if (stripes == 1) work(0, count, pairs);
        else
            Parallel.For(0, stripes, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
                stripe =>
            {
                List<(int, int)> found = [];
                work(stripe * Stripe, Math.Min(count, (stripe + 1) * Stripe), found);
                if (found.Count > 0) lock (pairs) pairs.AddRange(found);
            });
        return pairs;
    }

    private static ulong[] Deal(ulong bits)
    {
        ulong[] parts = new ulong[Parts];
        for (int part = 0; bits != 0; bits &= bits - 1, part = (part + 1) % Parts) parts[part] |= bits & (~bits + 1);
        return parts;
    }

    /// <summary>All numbers of so many bits with at most so many of them set.</summary>
    private static int[] Flips(int bits, int most)
    {
        List<int> flips = [0];
        for (int count = 0, from = 0; count < most; count++)
        {
            int to = flips.Count;
            for (; from < to; from++)
                for (int bit = flips[from] == 0 ? 0 : BitOperations.Log2((uint)flips[from]) + 1; bit < bits; bit++) flips.Add(flips[from] | 1 << bit);
        }
        return [.. flips];
    }

    private static uint Extract(ulong value, ulong mask)
    {
        if (Bmi2.X64.IsSupported) return (uint)Bmi2.X64.ParallelBitExtract(value, mask);
        uint key = 0;
        for (int bit = 0; mask != 0; mask &= mask - 1, bit++)
            if ((value & mask & (~mask + 1)) != 0) key |= 1u << bit;
        return key;
    }
}
