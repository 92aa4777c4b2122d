using System.Text;

namespace SafeRlhfV.Training.Tests;

public sealed class RanksTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AllGetTheBytesOfAllWhateverTheirLengths(int size)
    {
        string[][] got = ThreadRanks.Run(size, ranks =>
            ranks.Gather("words", Encoding.UTF8.GetBytes(new string('a', ranks.Rank * 3))).Select(Encoding.UTF8.GetString).ToArray());
        Assert.All(got, one => Assert.Equal(Enumerable.Range(0, size).Select(rank => new string('a', rank * 3)), one));
    }

    [Fact]
    public void WhatTheFirstFindsAllKnow() =>
        Assert.All(ThreadRanks.Run(3, ranks => ranks.First("number", () => ranks.Rank + 7)), found => Assert.Equal(7, found));

    [Theory]
    [InlineData(-1, false)]
    [InlineData(1, true)]
    public void OneIsEnoughForAny(int which, bool expected) =>
        Assert.All(ThreadRanks.Run(3, ranks => ranks.Any("stop", ranks.Rank == which)), any => Assert.Equal(expected, any));

    [Fact]
    public void RanksThatAreAtDifferentPlacesAreAnErrorThatNamesThePlace()
    {
        AggregateException error = Assert.Throws<AggregateException>(() =>
            ThreadRanks.Run(2, ranks => ranks.Gather(ranks.IsFirst ? "end of step 5" : "end of step 6", [1])));
        Assert.Matches("Rank [01] is at 'end of step [56]', and rank [01] is elsewhere", error.InnerException!.Message);
    }

    /// <summary>Figures are added up in the order of the parts, whoever ran them.</summary>
    [Fact]
    public void SumsOverPartsAreThoseOfOneProcess()
    {
        double[] values = [0.1, 1e16, -1e16, 0.3, 7, 1e-9, 2];
        IReadOnlyDictionary<string, double>[] Sums(int size) => ThreadRanks.Run(size, ranks =>
        {
            PartFigures figures = new(ranks);
            foreach (Share<double> share in Shares.Of([.. values.Select(value => new[] { value })], ranks).Where(share => share.IsOwn))
            {
                figures.Add(share.Index, "loss", share.Items[0]);
                if (share.Index == 4) figures.Add(share.Index, "of one part", double.NaN);
            }
            return figures.Sum("figures");
        });
        IReadOnlyDictionary<string, double> one = Sums(1)[0];
        foreach (int size in (int[])[2, 3, 4, 9])
            Assert.All(Sums(size), sums => Assert.Equal(one, sums));
    }

    [Theory]
    [InlineData(8, 8, 3)]
    [InlineData(8, 2, 3)]
    [InlineData(5, 5, 4)]
    [InlineData(2, 2, 4)]
    [InlineData(7, 1, 2)]
    public void EveryRowBelongsToOneRankInItsOrder(int rows, int size, int count)
    {
        int[][] parts = [.. Enumerable.Range(0, rows).Chunk(size)];
        IReadOnlyList<Share<int>>[] shares = ThreadRanks.Run(count, ranks => Shares.Of(parts, ranks));
        Assert.All(shares, one => Assert.Equal(Enumerable.Range(0, rows), one.SelectMany(share => share.Items)));
        Assert.Equal(Enumerable.Range(0, rows), shares.SelectMany(one => one.Where(share => share.IsOwn).SelectMany(share => share.Items)).Order());
        // the cut is the recipe's unless ranks would have nothing to do
        if (parts.Length >= count) Assert.Equal(parts, shares[0].Select(share => share.Items.ToArray()));
        else Assert.Equal(Math.Min(rows, count), shares.Count(one => one.Any(share => share.IsOwn)));
    }
}
