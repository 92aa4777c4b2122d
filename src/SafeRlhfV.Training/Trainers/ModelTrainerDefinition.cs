using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>A trainer of one model on one data set: all but PPO. It adds its loop, its metrics and what a step computes.</summary>
/// <typeparam name="T">Its recipe, mostly <see cref="ModelTrainingRecipe{T}"/> of its settings.</typeparam>
public abstract class ModelTrainerDefinition<T> : TrainerDefinition where T : Recipe, IModelTrainingRecipe, new()
{
    /// <inheritdoc/>
    public sealed override Type RecipeType => typeof(T);

    /// <inheritdoc/>
    public sealed override IReadOnlyList<TrainOption> Options { get; } =
        [new("--model", "model.folder", "The checkpoint to start from"), new("--data", "data.folder", "The data set")];

    /// <inheritdoc/>
    public sealed override IReadOnlyList<MetricInfo> Metrics => [.. OwnMetrics, .. CommonMetrics.OfStep];

    /// <inheritdoc/>
    public sealed override IReadOnlyList<string> MemoryChanges { get; } =
    [
        "training.vision_cache_bytes=256MiB", "training.gradient_checkpointing=true", "training.micro_batch_size=4", "training.micro_batch_size=1",
        "training.optimizer.offload=true", "model.dtype=bfloat16", "model.lora.rank=16",
    ];

    /// <summary>Its metrics, without those that every trainer of one model has (<see cref="CommonMetrics.OfStep"/>).</summary>
    protected abstract IReadOnlyList<MetricInfo> OwnMetrics { get; }

    /// <summary>What a step computes.</summary>
    protected abstract StepCost Cost { get; }

    /// <summary>Loads the model and trains it; <see cref="ModelTraining"/> does the first.</summary>
    protected abstract void Train(T recipe, TrainingRun run);

    /// <summary>Rules beside those of all trainers of one model.</summary>
    protected virtual void CheckOwn(T recipe, RecipeFaults faults)
    {
    }

    /// <summary>Rows that are learnt from beside the data set, for plans; their prompts alone are looked at.</summary>
    protected virtual DataRecipe? OtherPrompts(T recipe) => null;

    /// <inheritdoc/>
    public sealed override void Train(Recipe recipe, TrainingRun run, CancellationToken cancellationToken) => Train((T)recipe, run);

    /// <inheritdoc/>
    public sealed override void Check(Recipe recipe, RecipeFaults faults)
    {
        T own = (T)recipe;
        (ModelRecipe model, TrainerSettings training) = (own.Model, own.Training);
        faults.Need("model.folder", model.Folder, "the checkpoint to start from (--model)");
        faults.Need("data.folder", own.Data.Folder, "the data set (--data)");
        faults.CheckDevice(model.Device);
        faults.CheckTargets(model.Lora);
        if (!Cost.IsPolicy && model.Lora is { } lora && lora.ModulesToSave.Contains(LoraRecipe.OutputModule))
            faults.Add("model.lora.modules_to_save", $"a score never reads the output matrix; leave {LoraRecipe.OutputModule} out");
        faults.CheckLengths(training.Lengths);
        faults.CheckSchedule("training.optimizer", training.Optimizer);
        if (training.MicroBatchSize > training.BatchSize)
            faults.Add("training.micro_batch_size", $"{training.MicroBatchSize} is more than batch_size {training.BatchSize}");
        if (model.Lora is not null && training.TrainVisionTower)
            faults.Add("training.train_vision_tower", "an adapter is on the language model alone; leave model.lora out, or the tower frozen");
        CheckOwn(own, faults);
    }

    /// <inheritdoc/>
    public sealed override PlanData Look(Recipe recipe, ModelProcessor processor)
    {
        T own = (T)recipe;
        PlanSizes sizes = PlanSizes.Look(own.Data, processor, own.Training.Lengths);
        if (OtherPrompts(own) is not { } others) return new PlanData(sizes);
        int prompt = PlanSizes.Look(others, processor, own.Training.Lengths, prompts: true).PromptTokens;
        return new PlanData(sizes with { PromptTokens = Math.Max(sizes.PromptTokens, prompt) });
    }

    /// <inheritdoc/>
    public sealed override MemoryPlan Memory(Recipe recipe, PlanInputs inputs) => MemoryPlanner.PlanModel((T)recipe, Cost, inputs);

    /// <inheritdoc/>
    public sealed override TimePlan Time(Recipe recipe, PlanInputs inputs, DeviceSpeed speed) => TimePlanner.PlanModel((T)recipe, Cost, inputs, speed);
}
