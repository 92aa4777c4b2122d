using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class DataImportVerbTests
{
    private static string Root => Golden.At("formats");

    public static IEnumerable<TheoryDataRow<string>> Cases => JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "cases.json")))!.AsArray()
        .Where(golden => golden!["auto"] is not null && golden["from"] is not null).Select(golden => new TheoryDataRow<string>(golden!.ToJsonString()));

    [Theory, MemberData(nameof(Cases))]
    public async Task EveryCaseIsReadWithItsCountsAndComesBackFromTheNewFolder(string text)
    {
        JsonNode golden = JsonNode.Parse(text)!;
        using TemporaryFolder folder = new();
        string format = (string)golden["format"]!, input = Path.Combine(Root, format, (string)golden["input"]!), report = folder.At("report.json");
        string[] arguments = ["data", "import", input, "--from", (string)golden["from"]!, "--out", folder.At("out"), "--report", report,
            .. Options(golden["options"]!.AsObject(), format)];
        if ((string?)golden["error"] is { } error)
        {
            await CapturedConsole.RefusedAsync([$"({error})"], arguments);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
            return;
        }
        (int code, JsonElement said) = await CapturedConsole.JsonAsync(arguments);
        Assert.Equal((0, (string)golden["from"]!, (long)golden["rows_read"]!, (long)golden["rows_kept"]!),
            (code, said.GetProperty("format").GetString(), said.GetProperty("read").GetInt64(), said.GetProperty("kept").GetInt64()));
        Assert.Equal(said.GetProperty("droppedRows").GetArrayLength(), JsonNode.Parse(File.ReadAllText(report))!["droppedRows"]!.AsArray().Count);
        Assert.Equal(File.ReadAllText(report), File.ReadAllText(folder.At("out", "report.json")));

        DatasetImport source = DatasetImport.Open(input, (string)golden["from"]!, new ImportOptions
        {
            Images = (string?)golden["options"]!["images"] is { } images ? Path.Combine(Root, format, images) : null,
            Dataset = (string?)golden["options"]!["dataset"],
            Columns = Mapping(golden["options"]!["columns"]),
            Categories = Mapping(golden["options"]!["categories"]),
        });
        Assert.Equal(Shown(source.Read(TestContext.Current.CancellationToken)),
            Shown(PreferenceDataset.Open(folder.At("out")).ReadRows().Select(row => row.ToRecord())));
        // what this tool wrote, it imports again as it is
        DatasetImport again = DatasetImport.Open(folder.At("out"));
        Assert.Equal(Shown(source.Read(TestContext.Current.CancellationToken)), Shown(again.Read(TestContext.Current.CancellationToken)));
        Assert.Empty(again.Report.DroppedRows);
    }

    [Fact]
    public async Task TheDecisionAndTheReasonsArePrinted()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("rows.jsonl"),
            "{\"conversations\": [{\"from\": \"human\", \"value\": \"Q\"}, {\"from\": \"gpt\", \"value\": \"A\"}]}\n{\"conversations\": []}\nno json\n");
        (int code, string output, _) = await CapturedConsole.RunAsync(["data", "import", folder.At("rows.jsonl"), "--out", folder.At("out")]);
        Assert.Equal(0, code);
        Assert.Equal($"format: sharegpt (by its columns)\nread 3, kept 1, dropped 2\n  bad-json 1: rows.jsonl 2\n  empty 1: rows.jsonl 1\n{folder.At("out")}\n",
            output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task WhatCannotBeImportedIsRefused()
    {
        using TemporaryFolder folder = new();
        string rows = folder.At("rows.jsonl"), target = folder.At("out");
        File.WriteAllText(rows, "{\"messages\": []}");
        await CapturedConsole.RefusedAsync(["its only row was left out", "empty 1"], "data", "import", rows, "--out", target);
        await CapturedConsole.RefusedAsync(["--columns", "query", "a=b"], "data", "import", rows, "--out", target, "--columns", "query");
        await CapturedConsole.RefusedAsync(["--categories", "twice"], "data", "import", rows, "--out", target, "--categories",
            "a=animal_abuse,a=false_information");
        await CapturedConsole.RefusedAsync(["rows.jsonl"], "data", "import", rows, "--out", rows);
        Assert.False(Directory.Exists(target));
    }

    private static IEnumerable<string> Options(JsonObject options, string format)
    {
        if ((string?)options["images"] is { } images) foreach (string word in (string[])["--images", Path.Combine(Root, format, images)]) yield return word;
        if ((string?)options["dataset"] is { } dataset) foreach (string word in (string[])["--dataset", dataset]) yield return word;
        foreach (string name in (string[])["columns", "categories"])
            if (options[name] is { } mapping)
                foreach (string word in (string[])[$"--{name}", string.Join(',', Mapping(mapping).Select(pair => $"{pair.Key}={pair.Value}"))])
                    yield return word;
    }

    private static Dictionary<string, string> Mapping(JsonNode? node) => node?.AsObject().ToDictionary(pair => pair.Key, pair => (string)pair.Value!) ?? [];

    /// <summary>Records without their places, in an order of their own: a data set keeps rows of one category together.</summary>
    private static IEnumerable<string> Shown(IEnumerable<ConversationRecord> records) => records.Select(record =>
    {
        JsonObject reading = Data.Tests.Readings.Write(record);
        reading.Remove("row");
        return Data.Tests.Readings.Canonical(reading);
    }).Order(StringComparer.Ordinal);
}
