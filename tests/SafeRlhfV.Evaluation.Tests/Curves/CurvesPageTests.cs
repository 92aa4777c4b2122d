using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class CurvesPageTests
{
    [Fact]
    public void VariantsAreMeansOverTheirSeedsAndUnknownFiguresAreLeftOut()
    {
        using TemporaryFolder folder = new();
        CurveRun[] runs =
        [
            Run("bound <1>", 0, 20, step => step), Run("bound <1>", 1, 20, step => step + 2), Run("none", 0, 10, step => step == 3 ? double.NaN : -step),
        ];
        CurvesPage.Write(folder.At("page.html"), "Bound & none", "Two variants.", runs, [new("reward", "reward"), new("missing", "missing")],
            ["step 3: <odd>"]);
        string page = File.ReadAllText(folder.At("page.html"));
        Assert.Contains("20.500 <small>± 1.414</small>", page); // seeds end at (19 + 20) / 2 and two more
        Assert.Contains("−10.000", page);
        Assert.Contains("bound &lt;1&gt;", page);
        Assert.Contains("step 3: &lt;odd&gt;", page);
        Assert.Contains("id=\"curve-reward\"", page);
        Assert.DoesNotContain("curve-missing", page);
        // what a pointer finds at a step: the mean of seeds 0 and 1, and nothing where a figure is missing
        Assert.Contains("<title>Step: 2\nbound &lt;1&gt;: 3\nnone: -2</title>", page);
        Assert.Contains("<title>Step: 3\nbound &lt;1&gt;: 4</title>", page);
        Assert.Matches("<path class=\"line s1\"[^>]* d=\"M[^M]*M[^M]*\"/>", page); // a gap
    }

    [Fact]
    public async Task ABrowserDrawsThem()
    {
        Browser.MustBeThere();
        using TemporaryFolder folder = new();
        CurveRun[] runs = [.. Enumerable.Range(0, 6).Select(i => Run($"variant {i / 2}", i % 2, 3000, step => Math.Sin(step / 300.0 + i)))];
        CurvesPage.Write(folder.At("page.html"), "Runs", "Three variants.", runs, [new("reward", "reward")], ["step 3: a remark"]);
        (int code, string line) = await Browser.RunAsync("check-page.mjs", folder.At("page.html"));
        Assert.True(code == 0, line);
        Assert.True(new FileInfo(folder.At("page.html")).Length < 300_000);
    }

    [Fact]
    public void ARunWithoutAStepGivesAPageThatSaysSo()
    {
        using TemporaryFolder folder = new();
        CurvesPage.Write(folder.At("page.html"), "Empty", "Nothing.", [new CurveRun("one", 0, [])], [new("reward", "reward")], []);
        Assert.Contains("No run has finished a step", File.ReadAllText(folder.At("page.html")));
    }

    private static CurveRun Run(string variant, long seed, int steps, Func<int, double> reward) =>
        new(variant, seed,
            [.. Enumerable.Range(1, steps)
                .Select(step => ((long)step, (IReadOnlyDictionary<string, double>)new Dictionary<string, double> { ["reward"] = reward(step) }))]);
}
