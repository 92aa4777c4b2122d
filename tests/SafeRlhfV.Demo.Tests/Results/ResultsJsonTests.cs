using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Demo.Tests;

public sealed class ResultsJsonTests
{
    [Fact]
    public void WhatIsWrittenReadsBackAndWritesTheSameBytes()
    {
        using TemporaryFolder folder = new();
        ResultsJson.Write(SampleResults.Build(), folder.At("a", "results.json"));
        DemoResults read = ResultsJson.Read(folder.At("a", "results.json"));
        ResultsJson.Write(read, folder.At("b", "results.json"));
        Assert.Equal(File.ReadAllBytes(folder.At("a", "results.json")), File.ReadAllBytes(folder.At("b", "results.json")));
        Assert.Equal(File.ReadAllBytes(folder.At("a", "timing.json")), File.ReadAllBytes(folder.At("b", "timing.json")));
        Assert.Equal(SampleResults.Build().Gallery[3].Image, read.Gallery[3].Image);
        Assert.Equal(["results.json", "timing.json"], Directory.GetFiles(folder.At("a")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void TheFiguresFileHoldsNoTimes()
    {
        using TemporaryFolder folder = new();
        DemoResults results = SampleResults.Build();
        ResultsJson.Write(results, folder.At("results.json"));
        ResultsJson.Write(results with { Timing = results.Timing! with { PeakMemoryBytes = 7, FinishedAt = DateTimeOffset.UnixEpoch } },
            folder.At("later", "results.json"));
        Assert.Equal(File.ReadAllBytes(folder.At("results.json")), File.ReadAllBytes(folder.At("later", "results.json")));
    }

    [Fact]
    public void UndefinedFiguresAreNullInTheFileAndNanInMemory()
    {
        using TemporaryFolder folder = new();
        DemoResults results = SampleResults.Build();
        ResultsJson.Write(results with { Thresholds = [results.Thresholds[0] with { Reached = double.NaN }] }, folder.At("results.json"));
        JsonElement threshold = JsonDocument.Parse(File.ReadAllText(folder.At("results.json"))).RootElement.GetProperty("thresholds")[0];
        Assert.Equal(JsonValueKind.Null, threshold.GetProperty("reached").ValueKind);
        Assert.False(threshold.GetProperty("passed").GetBoolean());
        Assert.True(double.IsNaN(ResultsJson.Read(folder.At("results.json")).Thresholds[0].Reached));
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{\"schema\": 1}", "run")]
    [InlineData("{\"schema\": 99, \"run\": {\"profile\": \"quick\", \"seed\": 0, \"prompts\": 1}}", "schema 99")]
    public void AFileThatIsNotResultsIsNamedInOneLine(string content, string says)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("results.json"), content);
        string message = Assert.Throws<InvalidInputException>(() => ResultsJson.Read(folder.At("results.json"))).Message;
        Assert.Contains(says, message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void AMissingFileAndAFolderThatCannotBeAreNamedInOneLine()
    {
        using TemporaryFolder folder = new();
        Assert.Throws<InvalidInputException>(() => ResultsJson.Read(folder.At("none.json")));
        File.WriteAllText(folder.At("file"), "");
        Assert.Throws<InvalidInputException>(() => ResultsJson.Write(SampleResults.Build(), folder.At("file", "results.json")));
    }

    [Fact]
    public void TheSchemaDocumentNamesEveryMember()
    {
        using TemporaryFolder folder = new();
        ResultsJson.Write(SampleResults.Build(), folder.At("results.json"));
        string document = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "docs", "results-schema.md"));
        foreach (string file in (string[])["results.json", "timing.json"])
            foreach (string name in Names(JsonDocument.Parse(File.ReadAllText(folder.At(file))).RootElement).Distinct())
                Assert.True(document.Contains($"`{name}`", StringComparison.Ordinal), $"docs/results-schema.md does not name `{name}`");
    }

    private static IEnumerable<string> Names(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Names(member.Value).Prepend(member.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Names),
        _ => [],
    };
}
