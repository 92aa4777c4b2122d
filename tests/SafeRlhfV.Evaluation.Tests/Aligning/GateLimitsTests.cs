namespace SafeRlhfV.Evaluation.Tests;

public sealed class GateLimitsTests
{
    [Fact]
    public void EachGateFailsByItself()
    {
        Assert.All(Check(0.65, 0.2, 0.65, 0.65, 0.2), result => Assert.True(result.Passed));
        Assert.Equal(["RM-V pair accuracy"], Failed(Check(0.64, 0.2, 0.65, 0.65, 0.2)));
        Assert.Equal(["RM-V calibration error"], Failed(Check(0.65, 0.21, 0.65, 0.65, 0.2)));
        Assert.Equal(["CM-V pair accuracy"], Failed(Check(0.65, 0.2, 0.64, 0.65, 0.2)));
        Assert.Equal(["CM-V sign accuracy"], Failed(Check(0.65, 0.2, 0.65, 0.64, 0.2)));
        Assert.Equal(["CM-V calibration error"], Failed(Check(0.65, 0.2, 0.65, 0.65, 0.21)));
    }

    /// <summary>Without safe/unsafe labels, or with one class alone, nothing is known of the sign: that is no pass.</summary>
    [Fact]
    public void WhatIsNotKnownDoesNotPass()
    {
        Assert.Equal(["CM-V sign accuracy", "CM-V calibration error"], Failed(Check(0.7, 0.1, 0.7, null, null)));
        Assert.Contains("CM-V sign accuracy is not known", Check(0.7, 0.1, 0.7, double.NaN, 0.1)[3].ToString());
    }

    private static string[] Failed(IEnumerable<GateResult> results) => [.. results.Where(result => !result.Passed).Select(result => result.Name)];

    private static IReadOnlyList<GateResult> Check(double rewardPairs, double rewardError, double costPairs, double? sign, double? costError) =>
        new GateLimits().Check(Result("RM-V", rewardPairs, null), Calibrated("RM-V", rewardError, null), Result("CM-V", costPairs, sign),
            Calibrated("CM-V", 0.9, costError));

    private static ScoreModelResult Result(string name, double accuracy, double? sign) => new()
    {
        Name = name,
        Pairs = 100,
        Noisy = new(new(accuracy, 0, 1), BalancedSignAccuracy: sign),
    };

    private static PreferenceCalibration Calibrated(string name, double order, double? sign) => new(name, Of(order), sign is { } error ? Of(error) : null);

    private static Calibration Of(double error) => new(error, error, 0, [], [], []);
}
