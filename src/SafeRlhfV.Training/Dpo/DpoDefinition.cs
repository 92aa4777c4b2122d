namespace SafeRlhfV.Training;

/// <summary><c>train dpo</c>.</summary>
public sealed class DpoDefinition : ModelTrainerDefinition<ModelTrainingRecipe<DpoSettings>>
{
    /// <inheritdoc/>
    public override string Name => "dpo";

    /// <inheritdoc/>
    public override string Summary =>
        "Train a policy on preferences directly: DPO-H, DPO-S (training.preference=safe) or SafeDPO (training.preference=safe_helpful).";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
    [
        CommonMetrics.Loss, new("accuracy", "accuracy", MetricInfo.Share, Better.Higher) { Live = true }, new("margin", "margin", "nats", Better.Higher),
        new("chosen_reward", "implicit reward of the chosen response", "nats", Better.Higher), new("beta", "mean beta of the pairs"),
        new("reordered_share", "reordered pairs", MetricInfo.Share) { Drawn = false },
        new("both_unsafe_share", "pairs left out for two unsafe responses", MetricInfo.Share, Better.Lower) { Drawn = false },
    ];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: true, Responses: 2, HasReference: true);

    /// <inheritdoc/>
    protected override void CheckOwn(ModelTrainingRecipe<DpoSettings> recipe, RecipeFaults faults)
    {
        (DpoSettings training, DpoSettings usual) = (recipe.Training, new());
        if (training.Preference != PreferenceKind.SafeHelpful)
        {
            if (training.Delta != usual.Delta) faults.Add("training.delta", "has an effect with preference safe_helpful only");
            if (training.BothUnsafe != usual.BothUnsafe) faults.Add("training.both_unsafe", "has an effect with preference safe_helpful only");
        }
        else if (training.LabelSmoothing > 0)
            faults.Add("training.label_smoothing", "is not for preference safe_helpful: which answer is safe would be assumed flipped, too");
        BetaMarginSettings margin = training.BetaMargin;
        if (training.Beta != BetaChoice.FromMargin && margin != usual.BetaMargin) faults.Add("training.beta_margin", "has an effect with beta: margin only");
        if (margin.Minimum > margin.Maximum) faults.Add("training.beta_margin.minimum", $"{margin.Minimum} is more than maximum {margin.Maximum}");
    }

    /// <inheritdoc/>
    protected override void Train(ModelTrainingRecipe<DpoSettings> recipe, TrainingRun run) =>
        ModelTraining.PolicyAndReference(run, recipe,
            (policy, reference, tower, data, save) => DpoTrainer.Train(policy, reference, data, recipe.Training, run, save, tower));
}
