using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>
/// Compares the metrics of a short run with those of an earlier build, kept as a metrics file beside this class. A refactor must not move them. Where new
/// figures are wanted, set SAFERLHFV_PIN=1: the test then writes the files and fails, so that nobody leaves the variable set.
/// </summary>
internal static class PinnedRun
{
    // another processor rounds differently, and training amplifies that
    private const double RelativeTolerance = 1e-4, AbsoluteTolerance = 1e-5;

    /// <summary>Runs a recipe and compares every figure of every step.</summary>
    public static void Check(string name, Recipe recipe)
    {
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        string written = Path.Combine(recipe.Run.Folder, MetricsLog.FileName), kept = PathOf(name);
        if (Environment.GetEnvironmentVariable("SAFERLHFV_PIN") == "1")
        {
            File.Copy(written, kept, overwrite: true);
            Assert.Fail($"{kept} was written; look at what changed, and run again without SAFERLHFV_PIN.");
        }
        (long Step, IReadOnlyDictionary<string, double> Values)[] expected = [.. MetricsLog.Read(kept)], actual = [.. MetricsLog.Read(written)];
        Assert.Equal(expected.Select(line => line.Step), actual.Select(line => line.Step));
        foreach ((var want, var got) in expected.Zip(actual))
        {
            Assert.Equal(want.Values.Keys, got.Values.Keys);
            foreach ((string figure, double value) in want.Values)
                Assert.True(
                    Math.Abs(got.Values[figure] - value) <= AbsoluteTolerance + RelativeTolerance * Math.Abs(value),
                    $"{name}, step {want.Step}: {figure} is {got.Values[figure]:R}, and was {value:R}");
        }
    }

    private static string PathOf(string name) => Path.Combine(Golden.RepositoryRoot(), "tests", "SafeRlhfV.Training.Tests", "Pinned", $"{name}.jsonl");
}
