using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary><c>train reward</c>.</summary>
public sealed class RewardDefinition : ScorerDefinition<RewardSettings>
{
    /// <inheritdoc/>
    public override string Name => "reward";

    /// <inheritdoc/>
    public override string Summary => "Train RM-V: how helpful an answer is.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
        [CommonMetrics.Loss, CommonMetrics.PairAccuracy, new("margin", "margin", "score", Better.Higher), Disagreement()];

    /// <inheritdoc/>
    protected override ModelKind Kind => ModelKind.Reward;

    /// <inheritdoc/>
    private protected override void Train(ScorerRole scorer, TrainingData data, RewardSettings settings, TrainingRun run, Action<string> save) =>
        RewardTrainer.Train(scorer, data, settings, run, save: save);
}
