using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class SplittingTests
{
    private static readonly (string, double)[] Shares = [("train", 0.75), ("evaluation", 0.25)];

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void NoImageIsInTwoSplits(string folder)
    {
        using TemporaryFolder temporary = new();
        for (int seed = 0; seed < 3; seed++)
        {
            PreferenceDataset split = Split(folder, temporary.At($"{seed}"), seed);
            ILookup<UInt128, string> splitsByPixels = split.ReadRows().Where(row => row.Image?.Bytes is not null)
                .ToLookup(row => ImageFingerprint.Of(ImageDecoder.Decode(row.Image!.Bytes!)).Pixels, row => row.Position.Split);
            Assert.NotEmpty(splitsByPixels);
            Assert.All(splitsByPixels, image => Assert.Single(image.Distinct()));
        }
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void TheSameSeedGivesTheSameSplitAndAnotherSeedAnother(string folder)
    {
        using TemporaryFolder temporary = new();
        string[] first = Dealt(Split(folder, temporary.At("a"), 5));
        Assert.Equal(first, Dealt(Split(folder, temporary.At("b"), 5)));
        Assert.Contains(Enumerable.Range(6, 5), seed => !Dealt(Split(folder, temporary.At($"{seed}"), seed)).SequenceEqual(first));

        static string[] Dealt(PreferenceDataset split) =>
            [.. split.ReadRows().Select(row => $"{row.Position.Split} {BeaverTailsCases.Digest(row)}").Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void EachCategoryAndSeverityHasItsShareWithinOneGroup()
    {
        string folder = BeaverTailsCases.GoodFolders.Select(row => row.Data)
            .Where(name => PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, name)).Layout == RowLayout.Paired)
            .MaxBy(name => PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, name)).CountRows())!;
        using TemporaryFolder temporary = new();
        for (int seed = 0; seed < 5; seed++)
        {
            DatasetRow[] rows = [.. Split(folder, temporary.At($"{seed}"), seed).ReadRows()];
            int largest = rows.Where(row => row.Image?.Bytes is not null).GroupBy(row => ImageFingerprint.Of(ImageDecoder.Decode(row.Image!.Bytes!)).Pixels)
                .Max(group => group.Count());
            foreach (IGrouping<(string?, long?), DatasetRow> stratum in rows.GroupBy(row => (row.Text("category"), row.Integer("image_severity"))))
                foreach ((string split, double share) in Shares)
                    Assert.InRange(stratum.Count(row => row.Position.Split == split) - share * stratum.Count(), -largest, largest);
        }
    }

    // Many small strata (as 20 categories by 3 severities give) and groups of any size: no split misses its share by a group.
    [Fact]
    public void EverySplitComesWithinTheLargestGroupOfItsShare() => Gen.Select(
        Gen.Select(Gen.Int[1, 12], Gen.Int[0, 60]).Array[1, 200], Gen.Int[1, 100].Array[1, 5]).Sample((drawn, weights) =>
    {
        double[] shares = [.. weights.Select(weight => weight / (double)weights.Sum())];
        int[] strata = [.. drawn.SelectMany(group => Enumerable.Repeat(group.Item2, group.Item1))];
        int next = 0;
        int[][] groups = [.. drawn.Select(group => Enumerable.Range((next += group.Item1) - group.Item1, group.Item1).ToArray())];
        int[] splits = GroupDealer.Deal(strata, groups, shares);
        Assert.All(groups, group => Assert.Single(group.Select(row => splits[row]).Distinct()));
        for (int i = 0; i < shares.Length; i++)
            Assert.True(Math.Abs(splits.Count(split => split == i) - shares[i] * strata.Length) < groups.Max(group => group.Length) + 1e-6);
    }, iter: 2000);

    private static PreferenceDataset Split(string folder, string target, long seed)
    {
        DatasetSplitter.Split(PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, folder)), target, Shares, seed);
        return PreferenceDataset.Open(target);
    }
}
