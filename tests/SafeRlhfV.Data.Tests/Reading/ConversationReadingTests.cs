using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Deduplication;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class ConversationReadingTests
{
    private static readonly JsonElement[] Listed =
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Readings.Root, "cases.json"))).RootElement.EnumerateArray()
            .Where(one => one.GetProperty("format").GetString() == "multi")];

    public static IEnumerable<TheoryDataRow<string>> Cases => Listed.Select(one => new TheoryDataRow<string>(one.GetProperty("case").GetString()!));

    [Theory, MemberData(nameof(Cases))]
    public void RowsOfSeveralTurnsAndImagesAreRead(string name)
    {
        JsonElement one = Listed.Single(one => one.GetProperty("case").GetString() == name);
        PreferenceDataset data = PreferenceDataset.Open(Path.Combine(Readings.Root, "multi", one.GetProperty("input").GetString()!));
        Assert.Equal(one.GetProperty("rows_read").GetInt64(), data.CountRows());
        List<string> readings = [], dropped = [];
        foreach (DatasetRow row in data.ReadRows())
        {
            Finding[] errors = [.. RowRules.Check(row).Where(finding => finding.Severity == FindingSeverity.Error)];
            string file = Path.GetRelativePath(Path.Combine(Readings.Root, "multi"), row.Position.File);
            if (errors.Length > 0)
            {
                dropped.Add($"{file} {row.Position.Row} {errors[0].Code}");
                Assert.Equal(errors[0].Code, Assert.Throws<InvalidInputException>(() => row.ToRecord()).Finding!.Code);
                continue;
            }
            JsonObject reading = Readings.Write(row.ToRecord());
            (reading["case"], reading["file"]) = (name, file);
            readings.Add(Readings.Canonical(reading));
        }
        JsonElement report = JsonDocument.Parse(File.ReadAllText(Path.Combine(Readings.Root, "multi", "report.json"))).RootElement.GetProperty("cases")
            .GetProperty(name);
        Assert.Equal(report.GetProperty("dropped_rows").EnumerateArray()
            .Select(drop => $"{drop.GetProperty("file")} {drop.GetProperty("row")} {drop.GetProperty("reason")}").Order(), dropped.Order());
        Assert.Equal(Readings.Of("multi").Where(reading => (string)reading["case"]! == name).Select(Readings.Canonical).Order(), readings.Order());
    }

    [Theory, MemberData(nameof(Cases))]
    public void EveryVerbTakesThem(string name)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(Readings.Root, "multi", Listed.Single(one => one.GetProperty("case").GetString() == name).GetProperty("input").GetString()!);
        ValidationReport before = DatasetValidator.Check(path);
        Assert.True(before.Errors > 0);
        DatasetMender.Write(path, folder.At("clean"));
        ValidationReport after = DatasetValidator.Check(folder.At("clean"));
        Assert.Equal(0, after.Errors);
        PreferenceDataset clean = PreferenceDataset.Open(folder.At("clean"));
        string[] rows = [.. clean.ReadRecords().Select(Content).Order()];
        Assert.Contains(rows, row => row.Contains("role:\"assistant\"", StringComparison.Ordinal));

        JsonObject statistics = DatasetStatistics.Describe(clean);
        Assert.Equal(clean.CountRows(), (int)statistics["rows"]!["total"]!);
        Assert.True((int)statistics["overall"]!["conversations"]!["several_turns"]! > 0);
        Assert.True((int)statistics["overall"]!["conversations"]!["several_images"]! > 0);
        Assert.True((int)statistics["overall"]!["conversations"]!["text_only"]! > 0);

        DatasetSplitter.Split(clean, folder.At("split"), [("train", 0.5), ("evaluation", 0.5)], seed: 3);
        PreferenceDataset split = PreferenceDataset.Open(folder.At("split"));
        Assert.Equal(rows.Select(WithoutSplit).Order(), split.ReadRecords().Select(Content).Select(WithoutSplit).Order());
        Assert.Empty(DatasetDeduplicator.Run(split).ExactLeaks);
        DeduplicationReport repeated = DatasetDeduplicator.Run(clean, new() { Folder = folder.At("unique") });
        Assert.Equal(clean.CountRows() - repeated.Dropped.Count, PreferenceDataset.Open(folder.At("unique")).CountRows());

        static string Content(ConversationRecord record)
        {
            JsonObject reading = Readings.Write(record);
            reading.Remove("row");
            return Readings.Canonical(reading);
        }

        static string WithoutSplit(string reading) => reading.Replace("split:\"train\"", "", StringComparison.Ordinal).Replace("split:\"evaluation\"", "",
            StringComparison.Ordinal);
    }
}
