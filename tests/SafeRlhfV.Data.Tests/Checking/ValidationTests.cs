using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class ValidationTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.BrokenFiles), MemberType = typeof(BeaverTailsCases))]
    public void EveryFaultIsFoundAndNothingElse(string file)
    {
        JsonElement expected = BeaverTailsCases.Broken(file);
        ValidationReport report = DatasetValidator.Check(Path.Combine(BeaverTailsCases.Root, "broken", file));
        Assert.NotEmpty(report.Findings);
        Assert.All(report.Findings, finding => Assert.Equal(expected.GetProperty("fault").GetString(), finding.Code));
        Assert.All(report.Findings, finding => Assert.Equal(expected.GetProperty("level").GetString(), finding.Severity.ToString().ToLowerInvariant()));
        Assert.All(report.Findings, finding => Assert.Contains(file, finding.File));
        Assert.Equal(BeaverTailsCases.Strings(expected.GetProperty("columns")).Order(),
            report.Findings.SelectMany(finding => finding.Columns).Distinct().Order());
        JsonElement rows = expected.GetProperty("rows");
        if (rows.ValueKind == JsonValueKind.Object)
        {
            Assert.Equal(BeaverTailsCases.Numbers(rows.GetProperty("train")), report.Findings.Select(finding => finding.Row!.Value));
            Assert.Equal(BeaverTailsCases.Numbers(rows.GetProperty("evaluation")),
                report.Findings.SelectMany(finding => finding.Related).Select(position => position.Row));
        }
        else Assert.Equal(rows.ValueKind == JsonValueKind.Null ? [null] : BeaverTailsCases.Numbers(rows).Select(row => (long?)row),
            report.Findings.Select(finding => finding.Row).Distinct());
    }

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFiles), MemberType = typeof(BeaverTailsCases))]
    public void GoodFilesRaiseNoAlarm(string file)
    {
        string path = Path.Combine(BeaverTailsCases.Root, file);
        string[] digests = BeaverTailsCases.Digests(file);
        long[] duplicates = [.. digests.Select((digest, row) => (digest, row)).GroupBy(pair => pair.digest).Where(group => group.Count() > 1)
            .SelectMany(group => group).Select(pair => (long)pair.row).Order()];
        long[] textOnly = [.. PreferenceDataset.Open(path).ReadRows().Where(row => row.Image is null).Select(row => row.Position.Row)];
        ValidationReport report = DatasetValidator.Check(path);
        Assert.Equal(digests.Length, report.Rows);
        Assert.Equal(duplicates, report.Findings.Where(finding => finding.Code == Fault.DuplicateRows).Select(finding => finding.Row!.Value).Order());
        Assert.Equal(textOnly, report.Findings.Where(finding => finding.Code == Fault.ImageNull).Select(finding => finding.Row!.Value));
        Assert.DoesNotContain(report.Findings,
            finding => finding.Code is not (Fault.DuplicateRows or Fault.ImageNull or Fault.SaferContradictsRatesWithinLine));
    }

    [Fact]
    public void ThePairedSetHoldsWhatItsStatisticsSay()
    {
        JsonElement stats = JsonDocument.Parse(File.ReadAllText(Golden.At("beavertails-v", "stats.json"))).RootElement;
        ValidationReport report = DatasetValidator.Check(Golden.At("beavertails-v", "paired"));
        PreferenceDataset data = PreferenceDataset.Open(Golden.At("beavertails-v", "paired"));
        Dictionary<(string, long), string> names = data.ReadRows().ToDictionary(row => (row.Position.File, row.Position.Row), row => row.Position.ToString());

        Assert.Equal(BeaverTailsCases.Strings(stats.GetProperty("safer_contradicts_rates_within_line")).Order(), Named(Fault.SaferContradictsRatesWithinLine));
        Assert.Equal(stats.GetProperty("duplicates").GetProperty("duplicate_rows").GetProperty("groups").EnumerateArray().SelectMany(BeaverTailsCases.Strings)
            .Order(), Named(Fault.DuplicateRows));
        Assert.Equal(stats.GetProperty("leaks").GetProperty("pairs").EnumerateArray()
            .Select(pair => (pair.GetProperty("train").GetString()!, pair.GetProperty("evaluation").GetString()!)).Order(),
            report.Findings.Where(finding => finding.Code == Fault.LeakExact)
                .Select(finding => (names[(finding.File, finding.Row!.Value)], finding.Related[0].ToString())).Order());
        Assert.DoesNotContain(report.Findings,
            finding => finding.Code is not (Fault.SaferContradictsRatesWithinLine or Fault.DuplicateRows or Fault.LeakExact));
        // a person finds the other row: its file and its row there
        Assert.All(report.Findings.Where(finding => finding.Related.Count > 0 && !finding.What.Contains("keep this one", StringComparison.Ordinal)),
            finding => Assert.Contains($"{finding.Related[0].File}, row {finding.Related[0].Row}", finding.What));

        IEnumerable<string> Named(string code) =>
            report.Findings.Where(finding => finding.Code == code).Select(finding => names[(finding.File, finding.Row!.Value)]).Order();
    }

    [Fact]
    public void ABadFirstLineDoesNotHideTheOthersAndNoSoundLineIsAnError()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("rows.jsonl"),
            "{\"question\":\"a?\"\n{\"question\":\"a?\",\"response\":\"b\",\"is_response_safe\":\"yes\",\"category\":\"hacking_or_digital_crime\",\"image_severity\":1}\n");
        ValidationReport report = DatasetValidator.Check(folder.At("rows.jsonl"));
        Assert.Equal(2, report.Rows);
        Finding broken = Assert.Single(report.Findings, finding => finding.Code == Fault.BadJson);
        Assert.Equal(0, broken.Row);
        Assert.Contains("line 1", broken.What, StringComparison.Ordinal);
        Assert.Equal(RowLayout.Flat, PreferenceDataset.Open(folder.At("rows.jsonl")).Layout);

        File.WriteAllText(folder.At("none.jsonl"), "oops\n[1]\n");
        Assert.Equal(0, Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.At("none.jsonl"))).Finding!.Row);
    }

    [Fact]
    public void OneBadLineDoesNotHideTheOthers()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("rows.jsonl"),
            "{\"question\":\"a?\",\"response_1\":\"b\"}\n[1]\n{\"question\": oops}\n\n{\"question\":7,\"response_1\":\"b\"}\n");
        ValidationReport report = DatasetValidator.Check(folder.At("rows.jsonl"));
        Assert.Equal(4, report.Rows);
        Assert.Equal([1, 2], report.Findings.Where(finding => finding.Code == Fault.BadJson).Select(finding => (int)finding.Row!));
        Assert.Contains(report.Findings, finding => finding.Code == Fault.WrongType && finding.Row == 3 && finding.Columns.Contains("question"));
        Assert.Contains(report.Findings,
            finding => finding.Code == Fault.MissingColumn && finding.Row is null && finding.Columns.Contains("safer_response_id"));
    }
}
