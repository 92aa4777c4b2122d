using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>
/// What is alike in trainers that sample responses and learn from their scores: where models and data come from, and what their recipes may say.
/// </summary>
public abstract class RolloutDefinition : TrainerDefinition
{
    /// <summary>Whether critics are trained beside the actor.</summary>
    protected abstract bool HasCritics { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainOption> Options { get; } =
    [
        new("--model", "model.policy", "The policy to start from"), new("--reward", "model.reward", "The reward model"),
        new("--cost", "model.cost", "The cost model"),
        new("--data", "data.prompts.folder", "The data set that has the prompts"),
    ];

    /// <inheritdoc/>
    public override void Check(Recipe recipe, RecipeFaults faults)
    {
        RolloutRecipe rollout = (RolloutRecipe)recipe;
        (PpoModelsRecipe model, RolloutSettings training) = (rollout.Model, rollout.Sampling);
        faults.Need("model.policy", model.Policy, "the policy to start from (--model)");
        faults.Need("model.reward", model.Reward, "the reward model (--reward)");
        faults.Need("model.cost", model.Cost, "the cost model (--cost)");
        faults.Need("data.prompts.folder", rollout.Data.Prompts.Folder, "the data set that has the prompts (--data)");
        if (rollout.Data.Instructions is { } instructions) faults.Need("data.instructions.folder", instructions.Folder, "the instruction data");
        if (rollout.Data.Calibration is { } pairs)
            faults.Need("data.calibration.folder", pairs.Folder, "the pairs that the scores are brought onto one scale by");
        faults.CheckDevice(model.Device);
        faults.CheckTargets(model.Lora);
        faults.CheckLengths(training.Lengths);
        rollout.Rollouts?.Check(faults);
        if (model.Sharing == Sharing.Backbone && model.Lora is null)
            faults.Add("model.lora", "sharing: backbone trains adapters; give model.lora, or sharing: none");
        if (model.Sharing == Sharing.None && model.Lora is not null)
            faults.Add("model.lora", "sharing: none trains all weights; leave model.lora out, or take sharing: backbone");
        if (training.MiniBatch > training.RolloutBatch)
            faults.Add("training.mini_batch", $"{training.MiniBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.MicroBatch > training.MiniBatch) faults.Add("training.micro_batch", $"{training.MicroBatch} is more than mini_batch {training.MiniBatch}");
        if (training.RolloutMicroBatch > training.RolloutBatch)
            faults.Add("training.rollout_micro_batch", $"{training.RolloutMicroBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.PtxCoefficient > 0 && rollout.Data.Instructions is null)
            faults.Add("training.ptx_coefficient", "PTX needs data.instructions; give them, or set 0");
        CheckTraining(rollout, faults);
    }

    /// <inheritdoc/>
    public override void Train(Recipe recipe, TrainingRun run, CancellationToken cancellationToken)
    {
        RolloutRecipe rollout = (RolloutRecipe)recipe;
        using RolloutInputs inputs = new(rollout, HasCritics, run);
        Train(rollout, inputs, run, cancellationToken);
    }

    /// <inheritdoc/>
    public override PlanData Look(Recipe recipe, ModelProcessor processor)
    {
        RolloutRecipe rollout = (RolloutRecipe)recipe;
        RolloutSettings training = rollout.Sampling;
        PlanSizes? Sizes(DataRecipe? data) => data is null ? null : PlanSizes.Look(data, processor, training.Lengths);
        return new PlanData(PlanSizes.Look(rollout.Data.Prompts, processor, training.Lengths, prompts: true), Sizes(rollout.Data.Instructions),
            Sizes(training.CalibrationRows == 0 ? null : rollout.Data.Calibration ?? rollout.Data.Prompts));
    }

    /// <summary>Finds what is wrong in the trainer's own settings.</summary>
    protected abstract void CheckTraining(RolloutRecipe recipe, RecipeFaults faults);

    /// <summary>Trains with what was loaded.</summary>
    protected abstract void Train(RolloutRecipe recipe, RolloutInputs inputs, TrainingRun run, CancellationToken cancellationToken);

    /// <summary>Checks a multiplier's settings.</summary>
    /// <param name="mode">How λ moves.</param>
    /// <param name="multiplier">Its settings.</param>
    /// <param name="free">λ is not used.</param>
    /// <param name="faults">Collects what is wrong.</param>
    protected static void CheckMultiplier(MultiplierMode mode, MultiplierOptions multiplier, bool free, RecipeFaults faults)
    {
        if (multiplier.Maximum is { } most && multiplier.Initial > most)
            faults.Add("training.multiplier.initial", $"{multiplier.Initial} is above maximum {most}");
        if (mode == MultiplierMode.Log && multiplier.Initial <= 0 && !free)
            faults.Add("training.multiplier.initial", "mode log cannot leave 0; begin above it, or take mode fixed for training on the reward alone");
    }
}
