using SafeRlhfV.Deduplication;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>Sets that hold only what a trainer needs.</summary>
public sealed class MinimalSetTests
{
    public static IEnumerable<TheoryDataRow<string>> Trainers => MinimalSet.Trainers;

    [Theory, MemberData(nameof(Trainers))]
    public void ATrainersColumnsAreEnoughForIt(string trainer)
    {
        using TemporaryFolder folder = new();
        string file = MinimalSet.Write(folder.Path, MinimalSet.Columns[trainer]);
        ValidationReport report = DatasetValidator.Check(file, needs: TrainerNeeds.Of(trainer));
        Assert.Equal((MinimalSet.Rows, 0), (report.Rows, report.Errors));
        Assert.Equal(report.Findings.Count, report.Findings.Select(finding => (finding.Code, finding.Columns[0])).Distinct().Count());

        // without one of them, the set is wrong once, not once a row; the image alone may be missing
        foreach (string column in MinimalSet.Columns[trainer].Where(name => name is not ("image" or "category")))
        {
            using TemporaryFolder other = new();
            ValidationReport lacking = DatasetValidator.Check(MinimalSet.Write(other.Path, [.. MinimalSet.Columns[trainer].Where(name => name != column)]),
                needs: TrainerNeeds.Of(trainer));
            Assert.NotEqual(0, lacking.Errors);
            Assert.All(lacking.Findings.Where(finding => finding.Severity == FindingSeverity.Error),
                finding => Assert.Equal((Fault.MissingColumn, null), (finding.Code, finding.Row)));
            Assert.Contains(lacking.Findings,
                finding => finding.Columns.Contains(column) || finding.What.Contains($"nor in {column}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void AnAbsentColumnIsOneFindingAndWhatNoTrainerNeedsAWarning()
    {
        using TemporaryFolder folder = new();
        string file = MinimalSet.Write(folder.Path, [.. MinimalSet.Columns["scores"], "category"]);
        ValidationReport report = DatasetValidator.Check(file);
        Assert.Equal(0, report.Errors);
        Assert.Equal(["image_severity", "response_1_from", "response_1_harmless_rate", "response_1_helpful_rate", "response_2_from", "response_2_harmless_rate",
            "response_2_helpful_rate"],
            report.Findings.Where(finding => finding.Code == Fault.MissingColumn).Select(finding => Assert.Single(finding.Columns)).Order());
        // spellings: one warning for each column, with the number of cells and the first row
        Finding[] spelt = [.. report.Findings.Where(finding => finding.Code != Fault.MissingColumn)];
        Assert.Equal(["category", "is_response_1_safe"], spelt.Select(finding => finding.Columns[0]).Order());
        Assert.Contains("6 such cells", spelt.Single(finding => finding.Columns[0] == "category").What, StringComparison.Ordinal);
        Assert.Equal(1, spelt.Single(finding => finding.Columns[0] == "category").Row);

        ValidationReport lacking = DatasetValidator.Check(MinimalSet.Write(folder.Path, MinimalSet.Columns["dpo"]));
        Assert.Equal(["is_response_1_safe", "is_response_2_safe", "safer_response_id"],
            lacking.Findings.Where(finding => finding.Severity == FindingSeverity.Error).Select(finding => finding.Columns[0]).Order());
        Assert.All(lacking.Findings, finding => Assert.Null(finding.Row));
    }

    [Fact]
    public void ACellThatIsNullBesideOthersIsAFindingOfItsRow()
    {
        using TemporaryFolder folder = new();
        string file = MinimalSet.Write(folder.Path, MinimalSet.Columns["dpo"]);
        string[] lines = File.ReadAllLines(file);
        lines[3] = lines[3].Replace("\"more_helpful_response_id\":2", "\"more_helpful_response_id\":null", StringComparison.Ordinal);
        lines[4] = lines[4].Replace(",\"more_helpful_response_id\":\"1\"", "", StringComparison.Ordinal);
        File.WriteAllLines(file, lines);
        Assert.Equal([3, 4], Rows(TrainerNeeds.Of("dpo")));
        Assert.Equal([3, 4], Rows(TrainerNeeds.All));
        Assert.Empty(Rows(TrainerNeeds.Of("ppo")));

        IEnumerable<long> Rows(TrainerNeeds needs) =>
            DatasetValidator.Check(file, needs: needs).Findings.Where(finding => finding.Severity == FindingSeverity.Error && finding.Row is not null)
                .Select(finding => finding.Row!.Value);
    }

    [Theory, MemberData(nameof(Trainers))]
    public void WhatVerbsWriteOfThemServesTheTrainerAsWell(string trainer)
    {
        using TemporaryFolder folder = new();
        string file = MinimalSet.Write(folder.Path, MinimalSet.Columns[trainer]);
        TrainerNeeds needs = TrainerNeeds.Of(trainer);
        PreferenceDataset data = PreferenceDataset.Open(file);
        DatasetSplitter.Split(data, folder.At("split"), [("train", 0.5), ("evaluation", 0.5)], 1);
        DatasetDeduplicator.Run(data, new() { Folder = folder.At("unique") });
        DatasetMender.Write(file, folder.At("clean"), needs: needs);
        foreach (ExportFormat format in (ExportFormat[])[ExportFormat.Parquet, ExportFormat.Jsonl, ExportFormat.JsonlFiles])
            DatasetConverter.Convert(data, folder.At(format.ToString()), new ConversionOptions { Format = format });
        foreach (string written in (string[])["split", "unique", "clean", "Parquet", "Jsonl", "JsonlFiles"])
        {
            ValidationReport report = DatasetValidator.Check(folder.At(written), needs: needs);
            Assert.Equal((written, MinimalSet.Rows, 0), (written, report.Rows, report.Errors));
            Assert.DoesNotContain(DatasetValidator.Check(folder.At(written)).Findings, finding => finding.Code == Fault.NullValue);
            Assert.Equal(MinimalSet.Rows, PreferenceDataset.Open(folder.At(written)).ReadRecords(needs.Parts).Count());
        }
        Assert.Equal(MinimalSet.Rows, (int)DatasetStatistics.Describe(data)["rows"]!["total"]!);
    }

    [Fact]
    public void AnUnknownTrainerIsNamed() => Assert.Contains("'spo'", Assert.Throws<InvalidInputException>(() => TrainerNeeds.Of("spo")).Message,
        StringComparison.Ordinal);
}
