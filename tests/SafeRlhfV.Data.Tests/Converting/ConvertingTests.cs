using SafeRlhfV.Deduplication;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class ConvertingTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void JsonlThereAndBackLosesNothing(string folder)
    {
        using TemporaryFolder temporary = new();
        PreferenceDataset source = Open(folder);
        Assert.Equal(source.CountRows(), DatasetConverter.Convert(source, temporary.At("lines"), new ConversionOptions { Format = ExportFormat.Jsonl }));
        PreferenceDataset lines = PreferenceDataset.Open(temporary.At("lines"));
        AssertSame(source, lines);
        DatasetConverter.Convert(lines, temporary.At("back"), new ConversionOptions { Format = ExportFormat.Parquet });
        AssertSame(source, PreferenceDataset.Open(temporary.At("back")));
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void JsonlWithImageFilesKeepsTheImages(string folder)
    {
        using TemporaryFolder temporary = new();
        PreferenceDataset source = Open(folder);
        DatasetConverter.Convert(source, temporary.At("lines"), new ConversionOptions { Format = ExportFormat.JsonlFiles });
        PreferenceDataset lines = PreferenceDataset.Open(temporary.At("lines"));
        foreach (DatasetPart part in source.Parts)
            Assert.Equal(source.ReadRows(part.Split, part.Config).Select(Bytes), lines.ReadRows(part.Split, part.Config).Select(Bytes));

        static string Bytes(DatasetRow row) => $"{row.Text("question")} {Convert.ToHexString(row.Image?.Bytes ?? [])}";
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void PairsThereAndBackLoseNothing(string folder)
    {
        using TemporaryFolder temporary = new();
        PreferenceDataset source = Open(folder);
        if (source.Layout == RowLayout.Flat)
        {
            Assert.Contains("holds no preferences",
                Assert.Throws<InvalidInputException>(() =>
                    DatasetConverter.Convert(source, temporary.At("pairs"), new ConversionOptions { Layout = RowLayout.Paired })).Message);
            Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
            return;
        }
        DatasetConverter.Convert(source, temporary.At("flat"), new ConversionOptions { Layout = RowLayout.Flat });
        PreferenceDataset flat = PreferenceDataset.Open(temporary.At("flat"));
        Assert.Equal((RowLayout.Flat, source.CountRows() * 2), (flat.Layout, flat.CountRows()));
        Assert.Equal(source.ReadResponses().Select(Words).Order(), flat.ReadResponses().Select(Words).Order());
        DatasetConverter.Convert(flat, temporary.At("pairs"), new ConversionOptions { Layout = RowLayout.Paired });
        AssertSame(source, PreferenceDataset.Open(temporary.At("pairs")));

        DatasetConverter.Convert(source, temporary.At("plain"), new ConversionOptions { Layout = RowLayout.Flat, Traced = false });
        using ParquetRowReader plain = new(Directory.EnumerateFiles(temporary.At("plain", "data"), "*.parquet", SearchOption.AllDirectories).First());
        Assert.Equal(RowSchema.Flat, plain.Schema);
        Assert.Empty(plain.ExtraColumns);

        static string Words(ModeratedResponse row) => $"{row.Question}|{row.Response}|{row.IsResponseSafe}|{row.Category}|{row.ImageSeverity}";
    }

    [Theory, CombinatorialFormats]
    public void TrainersGetTheirColumns(ExportFormat format, bool bySafety)
    {
        using TemporaryFolder temporary = new();
        PreferenceDataset source = Open(BeaverTailsCases.GoodFolders.Select(row => row.Data).First(folder => Open(folder).Layout == RowLayout.Paired));
        DatasetConverter.Convert(source, temporary.At("out"), new ConversionOptions { Format = format, BySafety = bySafety });
        string file = Directory.EnumerateFiles(temporary.At("out", "data"), "train-*.parquet", SearchOption.AllDirectories).Order().First();
        PreferencePair[] pairs = [.. source.ReadPairs("train", Path.GetFileName(Path.GetDirectoryName(file)!))];
        bool safer = format == ExportFormat.Cost || bySafety && format != ExportFormat.Reward;
        using ParquetSharp.ParquetFileReader reader = ParquetFile.Open(file);
        string[] names = [.. ParquetFile.Fields(reader).Keys];
        Assert.Equal(pairs.Length, reader.FileMetaData.NumRows);
        if (format == ExportFormat.AlignAnything)
        {
            Assert.Equal(["question", "image", "category", "response_1", "response_2", "overall_response"], names);
            return;
        }
        string[] chosen = Column(reader, "chosen"), rejected = Column(reader, "rejected");
        for (int i = 0; i < pairs.Length; i++)
        {
            int preferred = safer ? pairs[i].Safer : pairs[i].MoreHelpful;
            Assert.Equal((preferred == 1 ? pairs[i].Response1 : pairs[i].Response2).Text, chosen[i]);
            Assert.Equal((preferred == 1 ? pairs[i].Response2 : pairs[i].Response1).Text, rejected[i]);
        }
        Assert.Equal(format switch
        {
            ExportFormat.Reward => ["question", "image", "category", "chosen", "rejected"],
            _ => (string[])["question", "image", "category", "chosen", "rejected", "is_chosen_safe", "is_rejected_safe"],
        }, names);
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void ASplitKeepsImagesTogetherAndIsTheSameForASeed(string folder)
    {
        using TemporaryFolder temporary = new();
        PreferenceDataset source = Open(folder);
        (string, double)[] shares = [("train", 0.75), ("evaluation", 0.25)];
        IReadOnlyDictionary<string, long> counts = DatasetSplitter.Split(source, temporary.At("a"), shares, seed: 5).Rows;
        DatasetSplitter.Split(source, temporary.At("b"), shares, seed: 5);
        Assert.Equal(source.CountRows(), counts.Values.Sum());
        Assert.InRange(counts["evaluation"], 1, source.CountRows() / 2);
        PreferenceDataset split = PreferenceDataset.Open(temporary.At("a"));
        AssertSame(split, PreferenceDataset.Open(temporary.At("b")));
        DeduplicationReport found = DatasetDeduplicator.Run(split);
        Assert.Empty(found.ExactLeaks);
        Assert.Empty(found.NearLeaks);
    }

    [Fact]
    public void ADeduplicatedCopyHasNothingLeft()
    {
        foreach (string folder in BeaverTailsCases.GoodFolders.Select(row => row.Data))
        {
            using TemporaryFolder temporary = new();
            PreferenceDataset source = Open(folder);
            DeduplicationReport before = DatasetDeduplicator.Run(source, new() { Folder = temporary.At("copy"), DropNear = true });
            PreferenceDataset copy = PreferenceDataset.Open(temporary.At("copy"));
            DeduplicationReport after = DatasetDeduplicator.Run(copy);
            Assert.Equal(source.CountRows() - before.Dropped.Count, copy.CountRows());
            Assert.Empty(after.ExactLeaks);
            Assert.Empty(after.NearLeaks);
            Assert.Empty(after.EqualRows);
        }
    }

    [Theory, MemberData(nameof(BeaverTailsCases.BrokenFiles), MemberType = typeof(BeaverTailsCases))]
    public void AMendedCopyIsClean(string file)
    {
        using TemporaryFolder temporary = new();
        string path = Path.Combine(BeaverTailsCases.Root, "broken", file);
        ValidationReport before = DatasetValidator.Check(path);
        if (before.Rows == 0 || before.Findings.Any(finding => finding.Code == Fault.MissingColumn))
        {
            Assert.Contains("no row is sound", Assert.Throws<InvalidInputException>(() => DatasetMender.Write(path, temporary.At("clean"))).Message);
            Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
            return;
        }
        MendReport report = DatasetMender.Write(path, temporary.At("clean"));
        ValidationReport after = DatasetValidator.Check(temporary.At("clean"));
        Assert.Equal(0, after.Errors);
        Assert.Equal(report.Kept, after.Rows);
        Assert.True(report.Kept > 0 && report.Kept >= before.Rows - before.Errors);
        Assert.True(File.Exists(temporary.At("clean", "report.json")));
        Assert.Equal(before.Errors > 0, report.Dropped.Count > 0);
    }

    [Fact]
    public void SpellingIsMended()
    {
        using TemporaryFolder temporary = new();
        string good = Path.Combine(BeaverTailsCases.Root,
            BeaverTailsCases.GoodFolders.Select(row => row.Data).First(folder => Open(folder).Layout == RowLayout.Paired));
        DatasetRow row = PreferenceDataset.Open(good).ReadRows().First();
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(temporary.At("odd")))
        {
            writer.Add("train", row.With("is_response_1_safe", $" {row.Text("is_response_1_safe")!.ToUpperInvariant()}").With("category",
                row.Text("category")!.Replace('_', ' ')), "x");
            writer.Complete();
        }
        ValidationReport odd = DatasetValidator.Check(temporary.At("odd"));
        Assert.Equal((0, 2), (odd.Errors, odd.Warnings));
        Assert.NotNull(PreferenceDataset.Open(temporary.At("odd")).ReadPairs().Single());
        MendReport report = DatasetMender.Write(temporary.At("odd"), temporary.At("clean"));
        Assert.Equal(["category", "is_response_1_safe"], report.Mended.Select(cell => cell.Column).Order());
        Assert.Equal(BeaverTailsCases.Digest(row), BeaverTailsCases.Digest(PreferenceDataset.Open(temporary.At("clean")).ReadRows().Single()));
        Assert.Throws<InvalidInputException>(() => DatasetMender.Write(temporary.At("odd"), temporary.At("odd", "inside")));
    }

    [Fact]
    public void OwnNamesOfCategoriesAreCheckedAndWrittenAsTheTaxonomyHasThem()
    {
        using TemporaryFolder temporary = new();
        string good = Path.Combine(BeaverTailsCases.Root,
            BeaverTailsCases.GoodFolders.Select(row => row.Data).First(folder => Open(folder).Layout == RowLayout.Paired));
        DatasetRow row = PreferenceDataset.Open(good).ReadRows().First();
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(temporary.At("own")))
        {
            writer.Add("train", row.With("category", "My own"), "x");
            writer.Complete();
        }
        Dictionary<string, string> categories = new() { ["my_own"] = row.Text("category")! };
        Assert.Equal(1, DatasetValidator.Check(temporary.At("own")).Errors);
        ValidationReport report = DatasetValidator.Check(temporary.At("own"), categories: categories);
        Assert.Equal((0, 1), (report.Errors, report.Warnings));
        MendedCell cell = Assert.Single(DatasetMender.Write(temporary.At("own"), temporary.At("clean"), categories: categories).Mended);
        Assert.Equal(("category", "My own", row.Text("category")), (cell.Column, cell.Before, cell.After));
        Assert.Equal(BeaverTailsCases.Digest(row), BeaverTailsCases.Digest(PreferenceDataset.Open(temporary.At("clean")).ReadRows().Single()));
    }

    private static PreferenceDataset Open(string folder) => PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, folder));

    private static void AssertSame(PreferenceDataset expected, PreferenceDataset actual)
    {
        Assert.Equal(expected.Parts.Select(part => (part.Config, part.Split)).Order(), actual.Parts.Select(part => (part.Config, part.Split)).Order());
        foreach (DatasetPart part in expected.Parts)
            Assert.Equal(expected.ReadRows(part.Split, part.Config).Select(BeaverTailsCases.Digest),
                actual.ReadRows(part.Split, part.Config).Select(BeaverTailsCases.Digest));
    }

    private static string[] Column(ParquetSharp.ParquetFileReader reader, string name)
    {
        int column = Enumerable.Range(0, reader.FileMetaData.NumColumns).First(i => reader.FileMetaData.Schema.Column(i).Path.ToDotString() == name);
        using ParquetSharp.RowGroupReader group = reader.RowGroup(0);
        using ParquetSharp.LogicalColumnReader<string> values = group.Column(column).LogicalReader<string>();
        return values.ReadAll((int)group.MetaData.NumRows);
    }

    private sealed class CombinatorialFormatsAttribute : Xunit.v3.DataAttribute
    {
        public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(System.Reflection.MethodInfo testMethod,
            Xunit.Sdk.DisposalTracker disposalTracker) =>
            new([.. from format in (ExportFormat[])[ExportFormat.AlignAnything, ExportFormat.Reward,
                ExportFormat.Cost] from safe in (bool[])[false, true] select new TheoryDataRow<ExportFormat, bool>(format, safe)]);

        public override bool SupportsDiscoveryEnumeration() => true;
    }
}
