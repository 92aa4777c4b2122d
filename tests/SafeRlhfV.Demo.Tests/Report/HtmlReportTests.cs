using System.Security.Cryptography;
using System.Text;
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

    [Fact]
    public void OneFileWithoutAScriptAndNoAddressToLoadFrom()
    {
        string page = Render(SampleResults.Build());
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotMatch("(src|href)=\"(?!data:|#)", page);
        Assert.DoesNotContain("http", page.Replace("http-equiv", ""));
    }

    [Fact]
    public void ItsContentPolicyNamesTheStyleByItsHashAndNothingInThePageNeedsMore()
    {
        string page = Render(SampleResults.Build());
        string style = Regex.Match(page, "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value;
        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        Assert.Contains($"content=\"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'sha256-{hash}'\"", page);
        Assert.DoesNotMatch("<[^>]* (style|on[a-z]+)=", page.Replace(style, ""));
    }

    [Fact]
    public void TheSameResultsGiveTheSamePage() => Assert.Equal(Render(SampleResults.Build()), Render(SampleResults.Build()));

    [Fact]
    public void TextNeverBecomesStructure()
    {
        DemoResults results = WithHostileText();
        string own = Render(results);
        Assert.DoesNotContain("<img src=x", own);
        Assert.DoesNotContain("alert('x')", own);
        Assert.Contains("alert(&#39;x&#39;)", own);
        Assert.DoesNotContain("<script", own);
    }

    [Fact]
    public void WhatWasNotMeasuredIsLeftOut()
    {
        string own = Render(new() { Run = SampleResults.Build().Run });
        Assert.DoesNotContain("id=\"gallery\"", own);
        Assert.DoesNotContain("class=\"plot\"", own);
        Assert.DoesNotContain("NaN", own);
        Assert.Contains("id=\"run\"", own);
    }

    [Fact]
    public void AMissedThresholdIsNamedFirstAndAQuickRunIsNotHeldToIt()
    {
        DemoResults sample = SampleResults.Build();
        DemoResults missed = sample with { Thresholds = [new("the figure", Comparison.AtLeast, 90, 12.3, FigureUnit.Percent), .. sample.Thresholds] };
        string page = Render(missed);
        Assert.Contains("<h1>One threshold fell short</h1>", page);
        Assert.Contains("the figure 12.3", page);
        Assert.Contains("✗ missed", page);
        DemoResults quick = sample with
        {
            Run = sample.Run with { Profile = RunProfiles.Quick },
            Thresholds = [.. missed.Thresholds.Select(threshold => threshold with { Enforced = false })]
        };
        page = Render(quick);
        Assert.Contains("<h1>Quick run", page);
        Assert.DoesNotContain("✗", page);
    }

    [Fact]
    public void AFolderThatCannotBeWrittenIsNamedInOneLine()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("file"), "");
        Assert.DoesNotContain('\n', Assert.Throws<InvalidInputException>(() =>
            HtmlReport.Write(SampleResults.Build(), folder.At("file", "report.html"))).Message);
    }

    [Fact]
    public async Task AFigureThatIsNotANumberIsAGapAndNotAnError()
    {
        Browser.MustBeThere();
        using TemporaryFolder folder = new();
        DemoResults sample = SampleResults.Build();
        Trajectory run = sample.Trajectories[0];
        Trajectory torn = run with
        {
            Points =
            [.. run.Points.Select((point, i) => i % 7 == 3 ? point with { Reward = double.NaN, Kl = double.PositiveInfinity, Lambda = 1e30 } : point)]
        };
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
    public async Task ABrowserRunsNoTextAndNamesABrokenImage()
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
        Assert.Contains("1 of 24 images do not load", line);
    }

    private static DemoResults WithHostileText()
    {
        DemoResults sample = SampleResults.Build();
        GalleryItem first = sample.Gallery[0];
        return sample with
        {
            Run = sample.Run with { Settings = [new(Hostile, Hostile)] },
            Methods = [.. sample.Methods.Select(method => method with { Name = $"{method.Name} {Hostile}", Description = Hostile })],
            Gallery = [first with { Question = Hostile, Category = Hostile, Description = Hostile,
                Answers = [.. first.Answers.Select(answer => answer with { Text = Hostile })] }],
            Thresholds = [sample.Thresholds[0] with { Name = Hostile }],
        };
    }
}
