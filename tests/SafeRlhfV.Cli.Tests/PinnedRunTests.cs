using System.Text.Json;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

/// <summary>
/// Short runs of the trainers as a user starts them, with the metrics that they had when they were pinned. A change that
/// should not change numbers must not move them. Each file of the folder PinnedRuns is one run: its arguments, and every
/// metric of each of its steps. A run is pinned anew only where other numbers are meant: the failure prints the new ones.
/// </summary>
[Collection(CapturedConsole.Name)]
public sealed class PinnedRunTests
{
    // Measured: SSE instead of AVX kernels and another number of threads move the losses and gradient norms of these runs
    // by at most 9e-7 of their value. The rest is room for CPUs that were not measured, since Adam turns noise in gradients
    // near zero into whole steps. A changed weight, mask, label or rate moves them by far more.
    private const double RelativeTolerance = 1e-4;

    // for metrics that begin at 0, such as the margin of DPO
    private const double AbsoluteTolerance = 1e-5;

    // a pair whose margin is a rounding error counts as right or as wrong: one of the five pairs of a step
    private static double Tolerance(string metric, double value) => metric is "accuracy" or "pair_accuracy" or "reward_accuracy" or "cost_accuracy"
        ? 0.2 + AbsoluteTolerance
        : AbsoluteTolerance + RelativeTolerance * Math.Abs(value);

    private static string Folder => Path.Combine(Golden.RepositoryRoot(), "tests", "SafeRlhfV.Cli.Tests", "PinnedRuns");

    public static TheoryData<string> Runs =>
        [.. Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Runs))]
    public async Task ARunHasTheMetricsThatItHad(string name)
    {
        using TemporaryFolder folder = new();
        PinnedRun pinned = JsonSerializer.Deserialize<PinnedRun>(File.ReadAllText(Path.Combine(Folder, name + ".json")), JsonSerializerOptions.Web)!;
        string[] arguments = [.. pinned.Arguments.Select(argument => argument.Replace("$golden", Golden.Root, StringComparison.Ordinal))];
        (int code, _, string errors) = await CapturedConsole.RunAsync([.. arguments, "--out", folder.Path]);
        Assert.True(code == 0, errors);
        (long Step, IReadOnlyDictionary<string, double> Values)[] steps = [.. MetricsLog.Read(folder.At(MetricsLog.FileName))];
        Assert.Equal(10, steps.Length);
        Dictionary<string, double[]> metrics = steps[0].Values.Keys
            .ToDictionary(metric => metric, metric => steps.Select(step => step.Values[metric]).ToArray());
        string now = JsonSerializer.Serialize(pinned with { Metrics = metrics }, JsonSerializerOptions.Web);
        Assert.True(pinned.Metrics.Keys.Order(StringComparer.Ordinal).SequenceEqual(metrics.Keys.Order(StringComparer.Ordinal)), $"other metrics: {now}");
        foreach ((string metric, double[] values) in pinned.Metrics)
            for (int step = 0; step < values.Length; step++)
                Assert.True(Math.Abs(metrics[metric][step] - values[step]) <= Tolerance(metric, values[step]),
                    $"{metric} of step {step + 1} is {metrics[metric][step]:R}, and it was {values[step]:R}. The run now: {now}");
    }

    [Fact]
    public void EveryTrainerButThoseThatSampleHasARunHere() =>
        Assert.Empty(Trainers.All.Select(trainer => trainer.Name).Except(["ppo", "grpo"]).Except(Runs.Select(row => row.Data)));

    private sealed record PinnedRun(string[] Arguments, Dictionary<string, double[]> Metrics);
}
