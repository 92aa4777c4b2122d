using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>What <c>data convert</c> writes comes back equal, its format found by its columns.</summary>
public sealed class OwnExportsTests
{
    public static IEnumerable<TheoryDataRow<string, ExportFormat>> Exports =>
        from set in (string[])["beavertails-v/paired", "formats/multi/paired"]
        from format in Enum.GetValues<ExportFormat>()
            // these hold no conversation
        where set == "beavertails-v/paired" || format is not (ExportFormat.AlignAnything or ExportFormat.Reward or ExportFormat.Cost)
        select new TheoryDataRow<string, ExportFormat>(set, format);

    [Theory, MemberData(nameof(Exports))]
    public void AnExportComesBackEqual(string set, ExportFormat format)
    {
        using TemporaryFolder folder = new();
        PreferenceDataset source = PreferenceDataset.Open(Clean(folder, Golden.At(set)));
        DatasetConverter.Convert(source, folder.At("out"), new ConversionOptions { Format = format });
        DatasetImport import = DatasetImport.Open(folder.At("out"));
        bool isOwn = format is ExportFormat.Parquet or ExportFormat.Jsonl or ExportFormat.JsonlFiles;
        Assert.Equal(Shown(source.ReadRows().Select(row => row.ToRecord()), isOwn, format == ExportFormat.Cost),
            Shown(import.Read(TestContext.Current.CancellationToken), isOwn, false));
        Assert.Empty(import.Report.DroppedRows);
    }

    [Theory]
    [InlineData("beavertails-v/flat")]
    [InlineData("formats/multi/flat")]
    public void SingleAnswersComeBackEqual(string set)
    {
        using TemporaryFolder folder = new();
        PreferenceDataset source = PreferenceDataset.Open(Clean(folder, Golden.At(set)));
        DatasetConverter.Convert(source, folder.At("out"), new ConversionOptions { Format = ExportFormat.Jsonl });
        Assert.Equal(Shown(source.ReadRows().Select(row => row.ToRecord()), true, false),
            Shown(DatasetImport.Open(folder.At("out")).Read(TestContext.Current.CancellationToken), true, false));
    }

    /// <summary>The data set without the rows that break its rules, which golden sets have on purpose.</summary>
    private static string Clean(TemporaryFolder folder, string set)
    {
        DatasetImport import = DatasetImport.Open(set, "beavertails");
        using ConversationWriter writer = ConversationWriter.Create(folder.At("clean"));
        foreach (ConversationRecord record in import.Read()) writer.Add(record.Source.Split, record);
        writer.Complete();
        return folder.At("clean");
    }

    /// <summary>Records in an order of their own; of pairs for trainers only what those have: the prompt and two answers.</summary>
    private static IEnumerable<string> Shown(IEnumerable<ConversationRecord> records, bool whole, bool bySafety) => records.Select(record =>
    {
        if (bySafety && record.Preferences.Safe == PairSide.Rejected) record = record with { Chosen = record.Rejected, Rejected = record.Chosen };
        JsonObject reading = Readings.Write(record);
        foreach (string name in (string[])["row", .. whole ? (string[])[] : ["labels", "score", "preferences"]]) reading.Remove(name);
        return Readings.Canonical(reading);
    }).Order(StringComparer.Ordinal);
}
