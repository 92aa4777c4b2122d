namespace SafeRlhfV.Data.Tests;

public sealed class PageTests
{
    [Theory, MemberData(nameof(BeaverTailsCases.GoodFolders), MemberType = typeof(BeaverTailsCases))]
    public void PagesAreWholeAndOpenOffline(string folder)
    {
        PreferenceDataset data = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, folder));
        string rows = InspectPage.Write("rows", data.ReadRows(), data.CountRows()), charts = StatisticsPage.Write("numbers", DatasetStatistics.Describe(data));
        foreach (string page in (string[])[rows, charts])
        {
            Assert.StartsWith("<!doctype html>", page);
            Assert.EndsWith("</html>", page.TrimEnd());
            Assert.DoesNotContain("src=\"http", page);
            Assert.DoesNotContain("href=\"http", page);
        }
        Assert.Equal(data.ReadRows().Count(row => row.Image?.Bytes is not null), rows.Split("\"img\":\"data:image/").Length - 1);
        Assert.Contains("<svg", charts);
        foreach (string config in data.Configs) Assert.Contains(config, charts);
    }

    [Fact]
    public void TextCannotLeaveThePage()
    {
        DatasetRow row = PreferenceDataset.Open(Path.Combine(BeaverTailsCases.Root, BeaverTailsCases.GoodFolders.First().Data)).ReadRows().First().With("question", "</script><script>alert(1)</script>");
        Assert.DoesNotContain("<script>alert", InspectPage.Write("<b>", [row], 1));
    }
}
