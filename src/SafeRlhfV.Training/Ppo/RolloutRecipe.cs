using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>What recipes have in common whose trainers sample responses and learn from their scores.</summary>
public abstract record RolloutRecipe : Recipe
{
    /// <summary>Where policy, reward and cost model come from.</summary>
    public PpoModelsRecipe Model { get; init; } = new();

    /// <summary>Prompts, and instruction data for PTX.</summary>
    public PpoDataRecipe Data { get; init; } = new();

    /// <summary>Servers that sample the responses; null = the actor's own model does.</summary>
    public RolloutsRecipe? Rollouts { get; init; }

    /// <summary>Servers that score the responses; null = the trainer does, with model.reward and model.cost.</summary>
    public ScoringRecipe? Scoring { get; init; }

    /// <summary>The certificate that the policy is released by; null = it is released without.</summary>
    public CertifyRecipe? Certify { get; init; }

    /// <summary>How responses are sampled and batches made.</summary>
    public abstract RolloutSettings Sampling { get; }

    /// <summary>Responses that are sampled to each prompt.</summary>
    internal abstract int Answers { get; }

    /// <summary>The update of critics; null = the trainer has none.</summary>
    internal abstract OptimizerSettings? Critics { get; }

    /// <summary>Saves a trained policy; one that is to be certified brings the unit of its costs along.</summary>
    internal void Save(PpoModels models, string? adapter, string folder)
    {
        RecipeModels.Save(models.Policy, adapter, folder);
        if (Certify is not null) models.Calibration.Save(folder);
    }

    /// <inheritdoc/>
    public override RunOptions ToRunOptions(bool resume) => base.ToRunOptions(resume) with
    {
        // positive parts are excesses over the budget already
        CostLimit = Sampling.Constraint == ConstraintKind.PositivePart ? 0 : null,
        Judge = Sampling.Judge,
    };

    /// <inheritdoc/>
    public override long Seed => Sampling.Seed;

    /// <inheritdoc/>
    public override ModelRecipe Base => new() { Folder = Model.Policy, Dtype = Model.Dtype, Device = Model.Device, Lora = Model.Lora };

    /// <inheritdoc/>
    public override IReadOnlyList<(string Key, string Folder)> ModelFolders =>
    [
        .. new[] { ("model.policy", Model.Policy), ("model.reward", Model.Reward), ("model.cost", Model.Cost), ("model.judge", Model.Judge) }
            .Where(one => one.Item2.Length > 0 || one.Item1 is "model.policy" or "model.cost"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Key, DataRecipe Data)> DataSets =>
    [
        ("data.prompts", Data.Prompts),
        .. Data.Instructions is { } instructions ? [("data.instructions", instructions)] : ((string, DataRecipe)[])[],
        .. Data.Calibration is { } pairs ? [("data.calibration", pairs)] : ((string, DataRecipe)[])[],
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Key, string File)> ExtraFiles =>
        Sampling.Refusal is { Phrases: { } phrases } && RefusalPhrases.IsFile(phrases) ? [("training.refusal.phrases", phrases)] : [];

    /// <inheritdoc/>
    public override Recipe WithResults() => this with
    {
        Model = Model with
        {
            Policy = ResultFolder.Find(Model.Policy),
            Reward = ResultFolder.Find(Model.Reward),
            Cost = ResultFolder.Find(Model.Cost),
            Judge = Model.Judge.Length > 0 ? ResultFolder.Find(Model.Judge) : "",
        },
    };
}
