using System.Numerics;

namespace SafeRlhfV.Data.Tests;

public sealed class HashBandsTests
{
    [Theory]
    [InlineData(0), InlineData(1), InlineData(3), InlineData(8), InlineData(14), InlineData(15), InlineData(20), InlineData(64)]
    public void BandsFindWhatComparingEachWithEachFinds(int threshold)
    {
        ulong[] hashes = Hashes(threshold == 64 ? 300 : 3000, threshold);
        (int, int)[] expected = [.. EachWithEach(hashes, threshold)];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, new HashBands(threshold).Pairs(hashes, (_, _) => true));
    }

    [Fact]
    public void AHundredThousandFingerprintsHaveThePairsThatComparingEachWithEachFinds()
    {
        ulong[] hashes = Hashes(100_000, 1);
        (int, int)[] expected = [.. EachWithEach(hashes, 8)];
        Assert.True(expected.Length > 50_000, "there is something to find");
        Assert.Equal(expected, new HashBands(8).Pairs(hashes, (_, _) => true, TestContext.Current.CancellationToken));
    }

    /// <summary>Images with plain grounds have the same hash: their bucket is large however the bits are dealt.</summary>
    [Fact]
    public void ManyEqualHashesAreAllPairedOnce()
    {
        ulong[] hashes = [.. Enumerable.Repeat(0UL, 3000), .. Enumerable.Repeat(0xFFUL, 10)];
        Assert.Equal(3010 * 3009 / 2, new HashBands(8).Pairs(hashes, (_, _) => true).Distinct().Count());
    }

    [Fact]
    public void PairsThatAreNotAcceptedAreLeftOut()
    {
        ulong[] hashes = Hashes(2000, 2);
        Assert.Equal(EachWithEach(hashes, 8).Where(pair => (pair.First + pair.Second) % 2 == 0), new HashBands(8)
            .Pairs(hashes, (one, other) => (one + other) % 2 == 0));
    }

    [Theory]
    [InlineData(0), InlineData(3), InlineData(8), InlineData(14), InlineData(40)]
    public void BandsShareOutAllBits(int threshold)
    {
        ulong[] masks = new HashBands(threshold).Masks;
        Assert.Equal(masks.Sum(mask => BitOperations.PopCount(mask)), BitOperations.PopCount(masks.Aggregate((all, one) => all | one)));
        if (threshold < 15) Assert.Equal((threshold + 1, ulong.MaxValue), (masks.Length, masks.Aggregate((all, one) => all | one)));
        if (threshold == 8) Assert.All(masks, mask => Assert.InRange(BitOperations.PopCount(mask), 7, 8));
    }

    // half of them at random, half within a few bits of another one, some of which are spread over all bands
    private static ulong[] Hashes(int count, long seed)
    {
        RandomStream random = new(seed, "hashes");
        ulong[] hashes = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            hashes[i] = i % 2 == 0 ? random.NextUInt64() : hashes[random.NextInt(i)];
            if (i % 2 == 1)
                for (int flips = random.NextInt(13); flips > 0; flips--) hashes[i] ^= 1UL << random.NextInt(64);
        }
        return hashes;
    }

    private static IEnumerable<(int First, int Second)> EachWithEach(ulong[] hashes, int threshold) =>
        Enumerable.Range(0, hashes.Length).AsParallel().AsOrdered().SelectMany(i =>
        {
            List<(int, int)> found = [];
            for (int j = i + 1; j < hashes.Length; j++)
                if (BitOperations.PopCount(hashes[i] ^ hashes[j]) <= threshold) found.Add((i, j));
            return found;
        });
}
