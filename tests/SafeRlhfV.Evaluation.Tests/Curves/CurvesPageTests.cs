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
        CurvesPage.Write(folder.At("page.html"), "Bound & none", "Two variants.", runs, [new("reward", "reward"), new("missing", "missing")], ["step 3: <odd>"]);
        string page = File.ReadAllText(folder.At("page.html"));
        Assert.Contains("20.500 <small>± 1.414</small>", page); // seeds end at (19 + 20) / 2 and two more
        Assert.Contains("−10.000", page);
        Assert.Contains("bound &lt;1&gt;", page);
        Assert.Contains("step 3: &lt;odd&gt;", page);
        Assert.Contains("data-chart=\"curve-reward\"", page);
        Assert.DoesNotContain("curve-missing", page);
        Assert.Contains("\"y\":[2,3,4,5,", page); // the mean of seeds 0 and 1
        Assert.Contains("\"y\":[-1,-2,null,-4", page);
    }

    [Fact]
    public void ARunWithoutAStepGivesAPageThatSaysSo()
    {
        using TemporaryFolder folder = new();
        CurvesPage.Write(folder.At("page.html"), "Empty", "Nothing.", [new CurveRun("one", 0, [])], [new("reward", "reward")], []);
        Assert.Contains("No run has finished a step", File.ReadAllText(folder.At("page.html")));
    }

    private static CurveRun Run(string variant, long seed, int steps, Func<int, double> reward) =>
        new(variant, seed, [.. Enumerable.Range(1, steps).Select(step => ((long)step, (IReadOnlyDictionary<string, double>)new Dictionary<string, double> { ["reward"] = reward(step) }))]);
}
