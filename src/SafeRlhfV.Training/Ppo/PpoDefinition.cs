using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary><c>train ppo</c>.</summary>
public sealed class PpoDefinition : TrainerDefinition
{
    /// <inheritdoc/>
    public override string Name => "ppo";

    /// <inheritdoc/>
    public override string Summary => "Safe PPO: raise the reward while the cost keeps its budget; PPO-H and PPO-S are settings of it.";

    /// <inheritdoc/>
    public override Type RecipeType => typeof(PpoRecipe);

    /// <inheritdoc/>
    public override IReadOnlyList<TrainOption> Options { get; } =
    [
        new("--model", "model.policy", "The policy to start from"), new("--reward", "model.reward", "The reward model"),
        new("--cost", "model.cost", "The cost model"),
        new("--data", "data.prompts.folder", "The data set that has the prompts"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<MetricInfo> Metrics { get; } =
    [
        new("reward", "reward", "score", Better.Higher) { Live = true },
        new("cost", "cost", "score", Better.Lower),
        new("window_cost", "mean cost J_C", "score", Better.Lower) { Live = true },
        new("budget", "budget d", "score") { Live = true, Drawn = false },
        new("lambda", "lambda") { Live = true },
        new("kl", "KL to the reference", "nats per response", Better.Lower) { Live = true },
        new("unsafe_share", "unsafe responses", MetricInfo.Share, Better.Lower),
        new("entropy", "entropy", "nats per token") { Live = true },
        new("length", "response length", "tokens") { Live = true },
        new("at_limit", "responses at the length limit", MetricInfo.Share, Better.Lower),
        new("clip_fraction", "clipped tokens", MetricInfo.Share, Better.Lower) { Live = true },
        new("approximate_kl", "KL of the update", "nats per token", Better.Lower),
        new("weight_mean", "mean importance weight"),
        new("weight_p95", "95th percentile of the importance weight"),
        new("weight_outside_share", "importance weights outside 0.9 to 1.1", MetricInfo.Share, Better.Lower),
        new("weight_capped_share", "importance weights above the cap", MetricInfo.Share, Better.Lower) { Drawn = false },
        new("actor_loss", "actor loss", "", Better.Lower),
        new("ptx_loss", "PTX loss", "nats per token", Better.Lower),
        new("reward_critic_loss", "reward critic loss", "", Better.Lower),
        new("cost_critic_loss", "cost critic loss", "", Better.Lower),
        new("actor_gradient_norm", "actor gradient norm"),
        CommonMetrics.LearningRate,
        new("reward_critic_gradient_norm", "reward critic gradient norm") { Drawn = false },
        new("cost_critic_gradient_norm", "cost critic gradient norm") { Drawn = false },
        new("critics_gradient_norm", "gradient norm of both critics") { Drawn = false },
        CommonMetrics.DroppedRows, CommonMetrics.DroppedShare,
        new("dropped_instruction_share", "dropped instruction share", MetricInfo.Share, Better.Lower) { Drawn = false },
        CommonMetrics.CutAnswers,
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> MemoryChanges { get; } =
    [
        "training.vision_cache_bytes=256MiB", "training.gradient_checkpointing=true", "training.rollout_cache_bytes=16GiB", "training.rollout_cache_bytes=4GiB",
        "training.micro_batch=4", "training.micro_batch=1", "training.actor.offload=true training.critics.offload=true", "model.dtype=bfloat16",
        "model.sharing=backbone model.lora.rank=16",
    ];

    /// <inheritdoc/>
    public override void Check(Recipe recipe, RecipeFaults faults)
    {
        PpoRecipe ppo = (PpoRecipe)recipe;
        (PpoModelsRecipe model, PpoSettings training) = (ppo.Model, ppo.Training);
        faults.Need("model.policy", model.Policy, "the policy to start from (--model)");
        faults.Need("model.reward", model.Reward, "the reward model (--reward)");
        faults.Need("model.cost", model.Cost, "the cost model (--cost)");
        faults.Need("data.prompts.folder", ppo.Data.Prompts.Folder, "the data set that has the prompts (--data)");
        if (ppo.Data.Instructions is { } instructions) faults.Need("data.instructions.folder", instructions.Folder, "the instruction data");
        if (ppo.Data.Calibration is { } pairs) faults.Need("data.calibration.folder", pairs.Folder, "the pairs that the scores are brought onto one scale by");
        faults.CheckDevice(model.Device);
        faults.CheckTargets(model.Lora);
        faults.CheckLengths(training.Lengths);
        ppo.Rollouts?.Check(faults);
        CheckTraining(ppo, faults);
    }

    /// <inheritdoc/>
    public override void Train(Recipe recipe, TrainingRun run, CancellationToken cancellationToken)
    {
        PpoRecipe ppo = (PpoRecipe)recipe;
        PpoSettings training = ppo.Training;
        using PpoModels models = PpoModels.Load(ppo.Model, ppo.Seed);
        foreach (string remark in models.Remarks) run.Tell(remark);
        ModelProcessor processor = ModelProcessor.Load(ppo.Model.Policy);
        bool late = !run.Ranks.IsAlone;
        using VisionCache prompts = new(models.Policy, processor.Images, training.VisionCacheBytes, late);
        using VisionCache instructions = new(models.Policy, processor.Images, training.VisionCacheBytes, late);
        using VisionCache calibration = new(models.Policy, processor.Images, 0, late); // looked at once
        TrainingData promptData = RecipeModels.Open(ppo.Data.Prompts, processor, prompts);
        TrainingData? instructionData = ppo.Data.Instructions is { } named ? RecipeModels.Open(named, processor, instructions) : null;
        TrainingData calibrationData = ppo.Data.Calibration is { } pairs ? RecipeModels.Open(pairs, processor, calibration) : promptData;
        PpoRoles roles = models.Roles(calibrationData, training, training.MiniBatch, run.Ranks);
        using ServerRollouts? rollouts = ppo.Rollouts is { } servers
            ? new(servers, roles, training, processor, SampleBatcher.Of(promptData), run) : null;
        SafePpoTrainer.Train(roles, promptData, instructionData, training, run, cancellationToken,
            folder => RecipeModels.Save(models.Policy, roles.Actor.Adapter, folder), rollouts);
    }

    /// <inheritdoc/>
    public override PlanData Look(Recipe recipe, ModelProcessor processor)
    {
        PpoRecipe ppo = (PpoRecipe)recipe;
        PlanSizes? Sizes(DataRecipe? data) => data is null ? null : PlanSizes.Look(data, processor, ppo.Training.Lengths);
        return new PlanData(PlanSizes.Look(ppo.Data.Prompts, processor, ppo.Training.Lengths, prompts: true), Sizes(ppo.Data.Instructions),
            Sizes(ppo.Training.CalibrationRows == 0 ? null : ppo.Data.Calibration ?? ppo.Data.Prompts));
    }

    /// <inheritdoc/>
    public override MemoryPlan Memory(Recipe recipe, PlanInputs inputs) => PpoMemory.Plan((PpoRecipe)recipe, inputs);

    /// <inheritdoc/>
    public override TimePlan Time(Recipe recipe, PlanInputs inputs, DeviceSpeed speed) => PpoTime.Plan((PpoRecipe)recipe, inputs, speed);

    private static void CheckTraining(PpoRecipe recipe, RecipeFaults faults)
    {
        (PpoModelsRecipe model, PpoSettings training) = (recipe.Model, recipe.Training);
        if (model.Sharing == Sharing.Backbone && model.Lora is null)
            faults.Add("model.lora", "sharing: backbone trains adapters; give model.lora, or sharing: none");
        if (model.Sharing == Sharing.None && model.Lora is not null)
            faults.Add("model.lora", "sharing: none trains all weights; leave model.lora out, or take sharing: backbone");
        if (training.MiniBatch > training.RolloutBatch)
            faults.Add("training.mini_batch", $"{training.MiniBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.MicroBatch > training.MiniBatch) faults.Add("training.micro_batch", $"{training.MicroBatch} is more than mini_batch {training.MiniBatch}");
        if (training.RolloutMicroBatch > training.RolloutBatch)
            faults.Add("training.rollout_micro_batch", $"{training.RolloutMicroBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.PtxCoefficient > 0 && recipe.Data.Instructions is null)
            faults.Add("training.ptx_coefficient", "PTX needs data.instructions; give them, or set 0");
        MultiplierOptions multiplier = training.Multiplier;
        if (multiplier.Maximum is { } most && multiplier.Initial > most)
            faults.Add("training.multiplier.initial", $"{multiplier.Initial} is above maximum {most}");
        if (training.Mode == MultiplierMode.Log && multiplier.Initial <= 0 && !training.CostOnly)
            faults.Add("training.multiplier.initial", "mode log cannot leave 0; begin above it, or take mode fixed for reward-only PPO");
    }
}
