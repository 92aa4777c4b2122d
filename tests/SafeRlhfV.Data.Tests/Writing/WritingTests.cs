using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class WritingTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void ADataSetIsReadBackAsItWasWritten(string folder)
    {
        using TemporaryFolder temporary = new();
        PreferenceDataset source = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, folder));
        string copy = temporary.At("copy");
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(copy, source.Layout,
            new BeaverTailsWriterOptions { RowsPerGroup = 3, BytesPerShard = 200_000 }))
        {
            foreach (DatasetRow row in source.ReadRows()) writer.Add(row.Position.Split, row, row.Position.Config);
            Assert.False(Directory.Exists(copy));
            writer.Complete();
        }
        PreferenceDataset back = PreferenceDataset.Open(copy);
        Assert.Equal(source.Layout, back.Layout);
        Assert.Empty(back.ExtraColumns);
        foreach (DatasetPart part in source.Parts)
            Assert.Equal(source.ReadRows(part.Split, part.Config).Select(BeaverTailsCases.Digest),
                back.ReadRows(part.Split, part.Config).Select(BeaverTailsCases.Digest));
        Assert.Equal(source.CountRows(), back.CountRows());
        Assert.Equal([copy], Directory.GetFileSystemEntries(temporary.Path));
        Assert.Empty(Directory.EnumerateFiles(copy, ".*", SearchOption.AllDirectories));
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFiles), MemberType = typeof(BeaverTailsCases))]
    public void EachFileSurvivesARoundTripWithItsFeatures(string file)
    {
        using TemporaryFolder temporary = new();
        PreferenceDataset source = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, file));
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(temporary.At("copy"), source.Layout))
        {
            foreach (DatasetRow row in source.ReadRows()) writer.Add("train", row, "all");
            writer.Complete();
        }
        string written = temporary.At("copy", "data", "all", "train-00000-of-00001.parquet");
        Assert.Equal(BeaverTailsCases.Digests(file), PreferenceDataset.Open(written).ReadRows().Select(BeaverTailsCases.Digest));

        using ParquetRowReader reader = new(written), original = new(Path.Combine(BeaverTailsCases.Root, file));
        if (original.Metadata.TryGetValue("huggingface", out string? features)) Assert.Equal(Compact(features), Compact(reader.Metadata["huggingface"]));

        static string Compact(string json) => json.Replace(" ", "", StringComparison.Ordinal);
    }

    [Fact]
    public void RowGroupsHoldAHundredRows()
    {
        using TemporaryFolder temporary = new();
        PreferencePair pair = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFiles.First().Data)).ReadPairs().First();
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(temporary.At("copy")))
        {
            for (int i = 0; i < 250; i++) writer.Add("train", pair with { Question = $"Question {i}?" });
            writer.Complete();
        }
        using ParquetRowReader reader = new(temporary.At("copy", "data", pair.Category, "train-00000-of-00001.parquet"));
        Assert.Equal([100, 100, 50], reader.GroupRows);
        Assert.Equal(250, PreferenceDataset.Open(temporary.At("copy")).CountRows("train", pair.Category));
    }

    [Fact]
    public void NothingIsLeftHalfWritten()
    {
        using TemporaryFolder temporary = new();
        PreferencePair pair = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFiles.First().Data)).ReadPairs().First();
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(temporary.At("copy")))
            for (int i = 0; i < 150; i++) writer.Add("train", pair);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));

        File.WriteAllText(temporary.At("taken"), "x");
        Assert.Contains("taken", Assert.Throws<InvalidInputException>(() => BeaverTailsWriter.Create(temporary.At("taken"))).Message);
        Assert.Contains("cannot be written", Assert.Throws<InvalidInputException>(() => BeaverTailsWriter.Create(temporary.At("taken", "below"))).Message);
        Directory.CreateDirectory(temporary.At("full"));
        File.WriteAllText(temporary.At("full", "keep.txt"), "keep");
        Assert.Contains("not empty", Assert.Throws<InvalidInputException>(() => BeaverTailsWriter.Create(temporary.At("full"))).Message);
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(temporary.At("full"), options: new BeaverTailsWriterOptions { Overwrite = true }))
        {
            writer.Add("train", pair);
            Assert.Equal("keep", File.ReadAllText(temporary.At("full", "keep.txt")));
            writer.Complete();
        }
        Assert.False(File.Exists(temporary.At("full", "keep.txt")));
        Assert.Equal(1, PreferenceDataset.Open(temporary.At("full")).CountRows());
        using BeaverTailsWriter empty = BeaverTailsWriter.Create(temporary.At("empty"));
        Assert.Contains("no row", Assert.Throws<InvalidInputException>(empty.Complete).Message);
        Assert.Throws<InvalidInputException>(() => empty.Add("..", pair));
    }
}
