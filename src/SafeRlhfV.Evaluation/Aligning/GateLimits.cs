namespace SafeRlhfV.Evaluation;

/// <summary>
/// What score models must reach on pairs that they have not learnt from before a policy is trained on them. A policy follows its score models: where they do
/// not see more than chance, it learns their errors.
/// </summary>
public sealed record GateLimits
{
    /// <summary>The least share of pairs that RM-V orders as people did.</summary>
    public double RewardPairAccuracy { get; init; } = 0.65;

    /// <summary>The least share of pairs that CM-V orders as people did.</summary>
    public double CostPairAccuracy { get; init; } = 0.65;

    /// <summary>The least mean of CM-V's sign accuracy on safe and on unsafe answers.</summary>
    public double CostSignAccuracy { get; init; } = 0.65;

    /// <summary>The largest expected calibration error of RM-V's order and of CM-V's sign.</summary>
    public double CalibrationError { get; init; } = 0.2;

    /// <summary>Holds score models against the limits.</summary>
    /// <param name="reward">RM-V on held-out pairs.</param>
    /// <param name="rewardCalibration">Its calibration.</param>
    /// <param name="cost">CM-V on held-out pairs.</param>
    /// <param name="costCalibration">Its calibration.</param>
    public IReadOnlyList<GateResult> Check(ScoreModelResult reward, PreferenceCalibration rewardCalibration, ScoreModelResult cost,
        PreferenceCalibration costCalibration) =>
    [
        AtLeast("RM-V pair accuracy", reward.Noisy.PairAccuracy.Value, RewardPairAccuracy, reward.Pairs, More("reward")),
        AtMost("RM-V calibration error", rewardCalibration.Order.ExpectedError, CalibrationError, reward.Pairs, Sure("reward")),
        AtLeast("CM-V pair accuracy", cost.Noisy.PairAccuracy.Value, CostPairAccuracy, cost.Pairs, More("cost")),
        AtLeast("CM-V sign accuracy", cost.Noisy.BalancedSignAccuracy ?? double.NaN, CostSignAccuracy, cost.Pairs, More("cost")),
        AtMost("CM-V calibration error", costCalibration.Sign?.ExpectedError ?? double.NaN, CalibrationError, cost.Pairs, Sure("cost")),
    ];

    // NaN, as of answers that are all safe, passes no limit
    private static GateResult AtLeast(string name, double value, double limit, int pairs, string advice) =>
        new(name, value, limit, IsLeast: true, pairs, value >= limit, advice);

    private static GateResult AtMost(string name, double value, double limit, int pairs, string advice) =>
        new(name, value, limit, IsLeast: false, pairs, value <= limit, advice);

    private static string More(string stage) =>
        $"train on more pairs or longer (--set {stage}.training.epochs=N), or look at the labels (data inspect, data annotate)";

    private static string Sure(string stage) =>
        $"train for fewer epochs or at a lower rate (--set {stage}.training.epochs=N), or hold out more pairs (--set shares=...)";
}
