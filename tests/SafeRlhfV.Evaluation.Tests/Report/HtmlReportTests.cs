using System.Text.RegularExpressions;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class HtmlReportTests
{
    private static string Render(DemoResults results)
    {
        using TemporaryFolder folder = new();
        HtmlReport.Write(results, folder.At("report.html"));
        // SAFERLHFV_REPORT names a file to keep, so that the report can be looked at
        if (Environment.GetEnvironmentVariable("SAFERLHFV_REPORT") is { Length: > 0 } keep && results.Methods.Count > 0) File.Copy(folder.At("report.html"), keep, overwrite: true);
        return File.ReadAllText(folder.At("report.html"));
    }

    [Fact]
    public void OneFileWithTheChartScriptOnceAndNoAddressToLoadFrom()
    {
        string page = Render(SampleResults.Build());
        Assert.Single(Regex.Matches(page, @"\* plotly\.js v"));
        string own = Regex.Replace(page, "<script>.*?</script>", "", RegexOptions.Singleline);
        Assert.DoesNotMatch("(src|href)=\"(?!data:|#)", own);
        Assert.DoesNotContain("http", Regex.Replace(own, "http-equiv", ""));
    }
}
