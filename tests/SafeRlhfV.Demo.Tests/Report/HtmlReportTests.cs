using System.Text.RegularExpressions;
using SafeRlhfV.Evaluation.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Demo.Tests;

public sealed class HtmlReportTests
{
    private const string Hostile = "</script></figure><script>alert('x')</script><img src=x onerror=alert(1)> \" ' & <b>";

    private static string Render(DemoResults results)
    {
        using TemporaryFolder folder = new();
        HtmlReport.Write(results, folder.At("report.html"));
        Assert.Single(Directory.GetFiles(folder.Path));
        return File.ReadAllText(folder.At("report.html"));
    }

    /// <summary>The page without its two scripts, whose text is not ours to search.</summary>
    private static string WithoutScripts(string page) => Regex.Replace(page, "<script>.*?</script>", "", RegexOptions.Singleline);

    [Fact]
    public void OneFileWithTheChartScriptOnceAndNoAddressToLoadFrom()
    {
        string page = Render(SampleResults.Build());
        Assert.Single(Regex.Matches(page, @"\* plotly\.js v"));
        string own = WithoutScripts(page);
        Assert.DoesNotMatch("(src|href)=\"(?!data:|#)", own);
        Assert.DoesNotContain("http", own.Replace("http-equiv", ""));
    }

    [Fact]
    public void TheSameResultsGiveTheSamePage() => Assert.Equal(Render(SampleResults.Build()), Render(SampleResults.Build()));

    [Fact]
    public void TextNeverBecomesStructure()
    {
        DemoResults results = WithHostileText();
        string own = WithoutScripts(Render(results));
        Assert.DoesNotContain("<img src=x", own);
        Assert.DoesNotContain("alert('x')", own);
        Assert.Contains("alert(&#39;x&#39;)", own);
        Assert.Equal(2, Regex.Matches(Render(results), "<script>").Count);
    }

    [Fact]
    public void WhatWasNotMeasuredIsLeftOut()
    {
        string own = WithoutScripts(Render(new() { Run = SampleResults.Build().Run }));
        Assert.DoesNotContain("id=\"gallery\"", own);
        Assert.DoesNotContain("data-chart", own);
        Assert.DoesNotContain("NaN", own);
        Assert.Contains("id=\"run\"", own);
    }

    [Fact]
    public void AMissedThresholdIsNamedFirstAndAQuickRunIsNotHeldToIt()
    {
        DemoResults sample = SampleResults.Build();
        DemoResults missed = sample with { Thresholds = [new("the figure", Comparison.AtLeast, 90, 12.3, FigureUnit.Percent), .. sample.Thresholds] };
        string page = WithoutScripts(Render(missed));
        Assert.Contains("<h1>One threshold fell short</h1>", page);
        Assert.Contains("the figure 12.3", page);
        Assert.Contains("✗ missed", page);
        DemoResults quick = sample with { Run = sample.Run with { Profile = RunProfiles.Quick }, Thresholds = [.. missed.Thresholds.Select(threshold => threshold with { Enforced = false })] };
        page = WithoutScripts(Render(quick));
        Assert.Contains("<h1>Quick run", page);
        Assert.DoesNotContain("✗", page);
    }

    [Fact]
    public void AFolderThatCannotBeWrittenIsNamedInOneLine()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("file"), "");
        Assert.DoesNotContain('\n', Assert.Throws<InvalidInputException>(() => HtmlReport.Write(SampleResults.Build(), folder.At("file", "report.html"))).Message);
    }

    [Fact]
    public async Task AFigureThatIsNotANumberIsAGapAndNotAnError()
    {
        Browser.MustBeThere();
        using TemporaryFolder folder = new();
        DemoResults sample = SampleResults.Build();
        Trajectory run = sample.Trajectories[0];
        Trajectory torn = run with { Points = [.. run.Points.Select((point, i) => i % 7 == 3 ? point with { Reward = double.NaN, Kl = double.PositiveInfinity, Lambda = 1e30 } : point)] };
        MethodResult lost = sample.Methods[1] with { MeanCost = null, UnsafeOfRisky = new(double.NaN, double.NaN, double.NaN), RefusalsOnBenign = double.NaN };
        HtmlReport.Write(sample with { Trajectories = [torn], Methods = [sample.Methods[0], lost] }, folder.At("report.html"));
        (int code, string line) = await Browser.CheckReport(folder.At("report.html"));
        Assert.True(code == 0, line);
    }

    [Fact]
    public async Task ABrowserDrawsItAll()
    {
        Browser.MustBeThere();
        using TemporaryFolder folder = new();
        // SAFERLHFV_REPORT names a file to leave the sample report in, to be looked at
        string path = Environment.GetEnvironmentVariable("SAFERLHFV_REPORT") is { Length: > 0 } keep ? keep : folder.At("report.html");
        HtmlReport.Write(SampleResults.Build(), path);
        (int code, string line) = await Browser.CheckReport(path);
        Assert.True(code == 0, line);
    }

    [Fact]
    public async Task ABrowserRunsNoTextAndNamesABrokenPicture()
    {
        Browser.MustBeThere();
        using TemporaryFolder folder = new();
        HtmlReport.Write(WithHostileText(), folder.At("hostile.html"));
        (int code, string line) = await Browser.CheckReport(folder.At("hostile.html"));
        Assert.True(code == 0, line);

        DemoResults sample = SampleResults.Build();
        HtmlReport.Write(sample with { Gallery = [sample.Gallery[0] with { Image = [1, 2, 3] }, .. sample.Gallery.Skip(1)] }, folder.At("broken.html"));
        (code, line) = await Browser.CheckReport(folder.At("broken.html"));
        Assert.Equal(1, code);
        Assert.Contains("1 of 24 pictures do not load", line);
    }

    private static DemoResults WithHostileText()
    {
        DemoResults sample = SampleResults.Build();
        GalleryItem first = sample.Gallery[0];
        return sample with
        {
            Run = sample.Run with { Settings = [new(Hostile, Hostile)] },
            Methods = [.. sample.Methods.Select(method => method with { Name = $"{method.Name} {Hostile}", Description = Hostile })],
            Gallery = [first with { Question = Hostile, Category = Hostile, Description = Hostile, Answers = [.. first.Answers.Select(answer => answer with { Text = Hostile })] }],
            Thresholds = [sample.Thresholds[0] with { Name = Hostile }],
        };
    }
}
