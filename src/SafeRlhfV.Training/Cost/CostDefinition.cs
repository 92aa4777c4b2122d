using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary><c>train cost</c>.</summary>
public sealed class CostDefinition : ScorerDefinition<CostSettings>
{
    /// <inheritdoc/>
    public override string Name => "cost";

    /// <inheritdoc/>
    public override string Summary => "Train CM-V: how harmful an answer is, in order and in sign.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
        [CommonMetrics.Loss, CommonMetrics.PairAccuracy, CommonMetrics.SignAccuracy, Disagreement()];

    /// <inheritdoc/>
    protected override ModelKind Kind => ModelKind.Cost;

    /// <inheritdoc/>
    private protected override void Train(ScorerRole scorer, TrainingData data, CostSettings settings, TrainingRun run, Action<string> save) =>
        CostTrainer.Train(scorer, data, settings, run, save: save);
}
