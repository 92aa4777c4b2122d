using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Data.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class DataPageTests
{
    public static IEnumerable<TheoryDataRow<string>> Conversations => JsonDocument.Parse(File.ReadAllText(Golden.At("formats", "cases.json"))).RootElement
        .EnumerateArray().Where(one => one.GetProperty("format").GetString() == "multi")
        .Select(one => new TheoryDataRow<string>(one.GetProperty("input").GetString()!));

    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void PagesAreWholeAndOpenOffline(string folder)
    {
        PreferenceDataset data = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, folder));
        string rows = Rows(data), charts = StatisticsPage.Page("numbers", DatasetStatistics.Describe(data)).ToString();
        foreach (string page in (string[])[rows, charts])
        {
            Assert.StartsWith("<!doctype html>", page);
            Assert.EndsWith("</html>", page.TrimEnd());
            Assert.DoesNotContain("src=\"http", page);
            Assert.DoesNotContain("href=\"http", page);
            Assert.DoesNotContain("unsafe-inline", page);
        }
        Assert.Equal(data.ReadRows().Count(row => row.Image?.Bytes is not null), rows.Split("\"address\":\"data:image/").Length - 1);
        Assert.Contains("<svg", charts);
        Assert.DoesNotContain("<script", charts);
        foreach (string config in data.Configs) Assert.Contains(config, charts);
    }

    [Theory, MemberData(nameof(MinimalSet.Trainers), MemberType = typeof(MinimalSet))]
    public void RowsWithOnlyTheColumnsOfATrainerAreShown(string trainer)
    {
        using TemporaryFolder folder = new();
        Assert.NotEmpty(Rows(PreferenceDataset.Open(MinimalSet.Write(folder.Path, MinimalSet.Columns[trainer]))));
    }

    [Theory, MemberData(nameof(Conversations))]
    public void ConversationsAreShownWithTheirImages(string input)
    {
        using TemporaryFolder folder = new();
        DatasetMender.Write(Golden.At("formats", "multi", input), folder.At("clean"));
        Assert.Contains("data:image/", Rows(PreferenceDataset.Open(folder.At("clean"))), StringComparison.Ordinal);
    }

    [Fact]
    public void TextCannotLeaveThePage()
    {
        using TemporaryFolder folder = new();
        Assert.DoesNotContain("<script>alert", InspectPage.Page("<b>", [Asking(folder, "</script><script>alert(1)</script>")], 1).ToString());
    }

    [Fact]
    public void StatisticsTellHowFarAnnotatorsAgree()
    {
        JsonObject statistics = DatasetStatistics.Describe(PreferenceDataset.Open(Golden.At("beavertails-v", "paired")));
        statistics["agreement"] = AnnotationAgreement.Describe([new("a", "ann", 1, 2, -1, 2, 2, 1, "animal_abuse", 2),
            new("a", "b<o>b", 1, 2, -2, 1, 3, 1, "animal_abuse", 2)]);
        string page = StatisticsPage.Page("data", statistics).ToString();
        Assert.Contains("Agreement of 2 annotators on 1 pair that", page);
        Assert.Contains("ann / b&lt;o&gt;b", page);
    }

    [Fact]
    public async Task ABrowserShowsThem()
    {
        Browser.MustBeThere();
        using TemporaryFolder folder = new();
        PreferenceDataset data = PreferenceDataset.Open(Golden.At("beavertails-v", "paired"));
        DatasetRow hostile = Asking(folder, "</script><img src=x onerror=alert(1)> findme");
        InspectPage.Write(folder.At("rows.html"), data.Path, [.. data.ReadRows(), hostile], data.CountRows() + 1);
        StatisticsPage.Write(folder.At("stats.html"), data.Path, DatasetStatistics.Describe(data));
        foreach (string page in (string[])["rows.html", "stats.html"])
        {
            (int code, string line) = await Browser.RunAsync("check-page.mjs", folder.At(page));
            Assert.True(code == 0, $"{page}: {line}");
        }
    }

    private static DatasetRow Asking(TemporaryFolder folder, string question)
    {
        string file = MinimalSet.Write(Directory.CreateDirectory(folder.At("asked")).FullName, MinimalSet.Columns["reward"]);
        JsonObject row = JsonNode.Parse(File.ReadLines(file).First())!.AsObject();
        row["question"] = question;
        File.WriteAllText(file, row.ToJsonString());
        return PreferenceDataset.Open(file).ReadRows().Single();
    }

    private static string Rows(PreferenceDataset data) => InspectPage.Page("rows", data.ReadRows(), data.CountRows()).ToString();
}
