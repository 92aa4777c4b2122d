using System.Text.Json.Nodes;
using SafeRlhfV.Data.Tests;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Every case of golden/formats/benchmarks: each reading, and what is left out.</summary>
public sealed class ReaderGoldenTests
{
    private static readonly string Root = Path.Combine(Readings.Root, "benchmarks");

    public static IEnumerable<TheoryDataRow<string>> Cases => All.Select(golden => new TheoryDataRow<string>((string)golden["case"]!));

    private static IEnumerable<JsonObject> All => JsonNode.Parse(File.ReadAllText(Path.Combine(Readings.Root, "cases.json")))!.AsArray()
        .Select(golden => golden!.AsObject()).Where(golden => (string)golden["format"]! == "benchmarks");

    [Fact]
    public void ThereAreCases() => Assert.True(All.Count() > 5);

    [Theory, MemberData(nameof(Cases))]
    public void ReadsWhatTheCaseTells(string name)
    {
        JsonObject golden = All.Single(one => (string)one["case"]! == name);
        IBenchmark benchmark = BenchmarkList.All.Find((string)golden["from"]!)!;
        string? images = (string?)golden["options"]!["images"];
        BenchmarkFiles files = new(benchmark, Path.Combine(Root, (string)golden["input"]!), images is null ? null : Path.Combine(Root, images));
        List<string> read = [], ids = [];
        foreach (BenchmarkItem item in benchmark.Read(files, subset: false))
        {
            JsonObject reading = Readings.Write(item.Record);
            (reading["case"], reading["file"]) = (name, Path.GetRelativePath(Root, item.Record.Source.File));
            read.Add(Readings.Canonical(reading));
            ids.Add(item.Id);
        }
        Assert.Equal(Readings.Of("benchmarks").Where(reading => (string)reading["case"]! == name).Select(Readings.Canonical), read);
        Assert.Equal(ids, ids.Distinct());
        JsonObject report = JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "report.json")))!["cases"]![name]!.AsObject();
        Assert.Equal(((long)golden["rows_read"]!, (long)golden["rows_kept"]!), (files.RowsRead, read.Count));
        Assert.Equal(report["dropped_rows"]!.AsArray().Select(row => $"{row!["file"]} {row["row"]} {row["reason"]} {row["variant"]}").Order(),
            files.Dropped.Select(drop => $"{Path.GetRelativePath(Root, drop.File)} {drop.Row} {drop.Reason} {drop.Variant}").Order());
    }

    /// <summary>Every question can be shown and scored: it has something in it, and what it is compared with.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void EveryItemCanBeAskedAndMeasured(string name)
    {
        JsonObject golden = All.Single(one => (string)one["case"]! == name);
        IBenchmark benchmark = BenchmarkList.All.Find((string)golden["from"]!)!;
        string? images = (string?)golden["options"]!["images"];
        BenchmarkFiles files = new(benchmark, Path.Combine(Root, (string)golden["input"]!), images is null ? null : Path.Combine(Root, images));
        BenchmarkItem[] items = [.. benchmark.Read(files, subset: false)];
        Assert.All(items, item => Assert.True(item.QuestionText.Length > 0 && item.ShownImages.All(image => image.Bytes is not null), item.Id));
        foreach (string scorer in benchmark.Scorers)
        {
            ReplyForm form = scorer switch
            {
                "exact:yes-no" => ReplyForm.YesNo,
                "exact:option" => ReplyForm.Option,
                "phrases:refusal" => ReplyForm.Refusal,
                _ => ReplyForm.Safety
            };
            IReadOnlyList<Figure> figures = benchmark.Measure(form, [.. items.Select(item => new ScoredItem(item.Id, item.Facts, (string?)null))]);
            Assert.NotEmpty(figures);
            Assert.All(figures, figure => Assert.True(figure.Name.Length > 0 && figure.Formula.Length > 0));
        }
    }
}
