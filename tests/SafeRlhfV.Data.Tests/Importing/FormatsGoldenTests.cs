using System.Text.Json.Nodes;

namespace SafeRlhfV.Data.Tests;

/// <summary>Every case of golden/formats that an import reads: each reading, drop and count, and what the columns tell of the format.</summary>
public sealed class FormatsGoldenTests
{
    public static IEnumerable<TheoryDataRow<string, string>> Cases =>
        All.Select(golden => new TheoryDataRow<string, string>((string)golden["format"]!, (string)golden["case"]!));

    /// <summary>Benchmarks are the evaluation's; the others have a value of auto.</summary>
    private static IEnumerable<JsonObject> All =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Readings.Root, "cases.json")))!.AsArray().Select(golden => golden!.AsObject())
        .Where(golden => golden["auto"] is not null);

    [Fact]
    public void ThereAreCases() => Assert.True(All.Count() > 50);

    [Theory, MemberData(nameof(Cases))]
    public void ReadsWhatTheCaseTells(string format, string name)
    {
        JsonObject golden = Find(format, name);
        if ((string?)golden["from"] is { } from) Compare(golden, from);
    }

    [Theory, MemberData(nameof(Cases))]
    public void AutoAnswersWhatTheCaseAllows(string format, string name)
    {
        JsonObject golden = Find(format, name);
        string[] allowed = [.. golden["auto"]!.AsArray().Select(answer => (string)answer!)];
        string? error = (string?)golden["error"];
        if (error == ImportFault.NotLocal) return; // the entry says so, whatever was asked for
        if (allowed.Length == 0)
        {
            InvalidInputException refused = Assert.Throws<InvalidInputException>(() => Open(golden, ImportFormats.Auto));
            Assert.Equal(error ?? ImportFault.NotDetected, refused.Finding?.Code);
            return;
        }
        Assert.Contains(Open(golden, ImportFormats.Auto).Format, allowed);
        if ((string?)golden["from"] is not null) Compare(golden, ImportFormats.Auto);
    }

    private static void Compare(JsonObject golden, string from)
    {
        string format = (string)golden["format"]!, name = (string)golden["case"]!;
        JsonObject report = JsonNode.Parse(File.ReadAllText(Path.Combine(Readings.Root, format, "report.json")))!["cases"]![name]!.AsObject();
        Dictionary<string, string> read = [];
        ImportReport counts;
        try
        {
            DatasetImport import = Open(golden, from);
            counts = import.Report;
            foreach (ConversationRecord record in import.Read(TestContext.Current.CancellationToken))
            {
                JsonObject reading = Readings.Write(record);
                (reading["case"], reading["file"]) = (name, Path.GetRelativePath(Path.Combine(Readings.Root, format), record.Source.File));
                read.Add($"{reading["file"]} {record.Source.Row}", Readings.Canonical(reading));
            }
            Assert.Null((string?)golden["error"]);
        }
        catch (InvalidInputException error) when (golden["error"] is not null)
        {
            Assert.Equal((string)golden["error"]!, error.Finding?.Code);
            Assert.Contains((string)golden["error"]!, error.Message, StringComparison.Ordinal);
            return;
        }

        Dictionary<string, string> expected = Readings.Of(format).Where(reading => (string)reading["case"]! == name)
            .ToDictionary(reading => $"{reading["file"]} {reading["row"]}", reading => Readings.Canonical(reading));
        foreach ((string row, string reading) in expected) Assert.Equal(reading, read.GetValueOrDefault(row, "dropped: " + Drop(format, counts, row)));
        Assert.Equal(expected.Keys.Order(), read.Keys.Order());
        Assert.Equal(report["dropped_rows"]!.AsArray().Select(row => $"{row!["file"]} {row["row"]} {row["reason"]}").Order(),
            counts.DroppedRows.Select(row => $"{Relative(format, row)} {row.Reason}").Order());
        Assert.Equal(Counts(report["dropped"]), counts.Dropped.Select(pair => $"{pair.Key} {pair.Value}").Order());
        Assert.Equal(Counts(report["repaired"]), counts.Repaired.Select(pair => $"{pair.Key} {pair.Value}").Order());
        Assert.Equal((long?)report["duplicates"] ?? 0, counts.Duplicates);
        Assert.Equal(((long)golden["rows_read"]!, (long)golden["rows_kept"]!), (counts.Read, counts.Kept));
    }

    private static DatasetImport Open(JsonObject golden, string from)
    {
        string folder = Path.Combine(Readings.Root, (string)golden["format"]!);
        JsonObject options = golden["options"]!.AsObject();
        return DatasetImport.Open(Path.Combine(folder, (string)golden["input"]!), from, new ImportOptions
        {
            Images = (string?)options["images"] is { } images ? Path.Combine(folder, images) : null,
            Dataset = (string?)options["dataset"],
            Columns = Mapping(options["columns"]),
            Categories = Mapping(options["categories"]),
        });
    }

    private static JsonObject Find(string format, string name) => All.Single(golden => (string)golden["format"]! == format && (string)golden["case"]! == name);

    private static Dictionary<string, string> Mapping(JsonNode? node) => node?.AsObject().ToDictionary(pair => pair.Key, pair => (string)pair.Value!) ?? [];

    private static IEnumerable<string> Counts(JsonNode? node) => (node?.AsObject().Select(pair => $"{pair.Key} {pair.Value}") ?? []).Order();

    private static string Drop(string format, ImportReport counts, string row) =>
        counts.DroppedRows.FirstOrDefault(drop => Relative(format, drop) == row).Reason ?? "not read";

    private static string Relative(string format, DroppedRow row) => $"{Path.GetRelativePath(Path.Combine(Readings.Root, format), row.File)} {row.Row}";
}
