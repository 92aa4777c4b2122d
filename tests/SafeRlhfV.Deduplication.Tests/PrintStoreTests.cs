using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Deduplication.Tests;

public sealed class PrintStoreTests
{
    public static IEnumerable<TheoryDataRow<string>> Folders =>
        Directory.EnumerateDirectories(Golden.At("beavertails-v"))
            .Where(folder => Directory.EnumerateFiles(folder, "*.parquet", SearchOption.AllDirectories).Any()
                && !folder.EndsWith("broken", StringComparison.Ordinal))
            .Concat(Directory.EnumerateFileSystemEntries(Golden.At("beavertails-v", "broken"), "*leak*"))
                .Concat(Directory.EnumerateFileSystemEntries(Golden.At("beavertails-v", "broken"), "*duplicate*"))
            .Order(StringComparer.Ordinal).Select(folder => new TheoryDataRow<string>(Path.GetRelativePath(Golden.At("beavertails-v"), folder)));

    [Theory, MemberData(nameof(Folders))]
    public void TheStoreFindsWhatTheSearchInMemoryFinds(string folder)
    {
        PreferenceDataset data = PreferenceDataset.Open(Golden.At("beavertails-v", folder));
        RowPrint[] rows = [.. data.ReadRows().Select(RowPrint.Of)];
        AssertSame(data.Splits, rows);
    }

    /// <summary>Rows of several images in three splits, with equal images, images that look alike, equal rows and equal words at every hand.</summary>
    [Fact]
    public void RandomRowsAreFoundAlike()
    {
        RandomStream random = new(3, "prints");
        List<ImageFingerprint> images = [];
        List<RowPrint> rows = [];
        for (int i = 0; i < 3000; i++) rows.Add(MadePrints.Row(random, i, ["train", "evaluation", "test"], images));
        AssertSame(["train", "evaluation", "test"], rows);
    }

    [Fact]
    public void NothingIsLeftOfTheScratchFolder()
    {
        using TemporaryFolder folder = new();
        DeduplicationReport report = DatasetDeduplicator.Run(PreferenceDataset.Open(Golden.At("beavertails-v", "paired")), new() { Scratch = folder.Path });
        Assert.NotEmpty(report.ExactLeaks);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void ThePositionOfEachRowIsFoundAgain()
    {
        PreferenceDataset data = PreferenceDataset.Open(Golden.At("beavertails-v", "paired"));
        RowPlaces places = new();
        RowPosition[] positions = [.. data.ReadRows().Select(row => row.Position)];
        foreach (RowPosition position in positions) places.Add(position);
        Assert.Equal(positions, Enumerable.Range(0, positions.Length).Select(number => places.Of(number)));
    }

    private static void AssertSame(IReadOnlyList<string> splits, IReadOnlyList<RowPrint> rows)
    {
        using PrintStore store = new(splits, DeduplicationOptions.LeastMemory, null);
        for (int i = 0; i < rows.Count; i++) store.Add(i, rows[i]);
        store.Seal();
        Duplicates duplicates = new(rows);
        Dictionary<RowPrint, long> numbers = new(rows.Select((row, number) => KeyValuePair.Create(row, (long)number)), ReferenceEqualityComparer.Instance);
        IEnumerable<string> Names(IEnumerable<IReadOnlyList<RowPrint>> groups) => groups.Select(group => string.Join(' ', group.Select(row => numbers[row])));

        Assert.Equal(Names(duplicates.EqualRows), store.EqualRows().Select(group => string.Join(' ', group.Select(row => row.Number))));
        Assert.Equal(Names(duplicates.EqualWords), store.EqualWords().Select(group => string.Join(' ', group.Select(row => row.Number))));
        Assert.Equal(Names(splits.SelectMany(split => duplicates.EqualPixels(split))), store.EqualPixels().Select(group => string.Join(' ', group)));
        Assert.Equal(duplicates.ExactLeaks().Select(leak => (numbers[leak.Train], numbers[leak.Held])), store.ExactLeaks());
        foreach (int threshold in (int[])[8, 0, 20])
        {
            using PrintStore again = new(splits, DeduplicationOptions.LeastMemory, null);
            for (int i = 0; i < rows.Count; i++) again.Add(i, rows[i]);
            again.Seal();
            NearImages near = new(again, threshold, TestContext.Current.CancellationToken);
            Assert.Equal(duplicates.NearLeaks(threshold).Select(leak => (numbers[leak.Train], numbers[leak.Held], leak.Bits)), near.Leaks());
            Assert.Equal(duplicates.NearPairs(threshold).Select(pair => (numbers[pair.First], numbers[pair.Second], pair.Bits)), near.Pairs());
        }
        foreach (StoredRow row in store.EqualRows().SelectMany(group => group))
            Assert.Equal(rows[(int)row.Number].Position.Split == "train", row.IsTrain);
    }
}
