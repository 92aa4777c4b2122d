using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary><c>train scores</c>.</summary>
public sealed class ScoresDefinition : ScorerDefinition<ScoresSettings>
{
    /// <inheritdoc/>
    public override string Name => "scores";

    /// <inheritdoc/>
    public override string Summary => "Train RM-V and CM-V as two outputs of one model, for --reward and --cost alike.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
    [
        CommonMetrics.Loss, new("reward_loss", "reward loss", "", Better.Lower), new("cost_loss", "cost loss", "", Better.Lower),
        new("reward_accuracy", "reward accuracy", MetricInfo.Share, Better.Higher), new("cost_accuracy", "cost accuracy", MetricInfo.Share, Better.Higher),
        CommonMetrics.SignAccuracy, Disagreement("reward_", "reward's "), Disagreement("cost_", "cost's "),
    ];

    /// <inheritdoc/>
    protected override ModelKind Kind => ModelKind.Scores;

    /// <inheritdoc/>
    private protected override void Train(ScorerRole scorer, TrainingData data, ScoresSettings settings, TrainingRun run, Action<string> save) =>
        ScoresTrainer.Train(scorer, data, settings, run, save: save);
}
