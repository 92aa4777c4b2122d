using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>
/// Estimates time from the products that a recipe computes: a forward pass is two operations for each weight and token, its backward pass twice that, or once where the weights are frozen under an adapter.
/// Sampling reads all weights and the keys and values for every token. Embeddings, norms, data and checkpoints are left out.
/// </summary>
internal sealed class TimePlanner
{
    // moments, master copy, gradient and weight are read and written
    private const int UpdateBytes = 28;

    // PCIe 4, for optimizer states in host memory
    private const double HostBytesPerSecond = 20e9;

    private readonly ModelShape shape;
    private readonly bool half;
    private readonly double blocks, passes;
    private double flops, bytes, hostBytes;

    private TimePlanner(ModelShape shape, bool half, LoraRecipe? lora, bool checkpointing)
    {
        (this.shape, this.half) = (shape, half);
        (long h, long a, long k, long i) = (shape.Text.HiddenSize, shape.QueryWidth, shape.KeyWidth, shape.Text.IntermediateSize);
        blocks = (double)shape.Text.Layers * ((2 * h * a) + (2 * h * k) + (3 * h * i));
        passes = 1 + (lora is null ? 2 : 1) + (checkpointing ? 1 : 0);
    }

    /// <summary>Estimates a recipe's time.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="shape">The model.</param>
    /// <param name="half">Weights are bfloat16.</param>
    /// <param name="speed">The device.</param>
    /// <param name="sizes">What is known of the data; null = the recipe's limits.</param>
    /// <param name="instructions">The same of PPO's instructions.</param>
    public static TimePlan Plan(Recipe recipe, ModelShape shape, bool half, DeviceSpeed speed, PlanSizes? sizes, PlanSizes? instructions)
    {
        string texts = sizes is null ? "all texts as long as training.lengths allows" : "texts as long as the mean of the rows looked at";
        if (recipe is PpoRecipe ppo)
        {
            TimePlanner round = new(shape, half, ppo.Model.Lora, ppo.Training.GradientCheckpointing);
            round.AddRound(ppo, sizes ?? PlanSizes.Limits(ppo.Training.Lengths, ppo.Training.MaxNewTokens), instructions ?? PlanSizes.Limits(ppo.Training.Lengths));
            return round.Done("round", sizes is null ? ppo.Training.Rounds : ppo.Training.RoundsFor(sizes.Pictures), speed, $"{texts}, answers of {ppo.Training.MaxNewTokens} tokens");
        }
        if (recipe is not IModelTrainingRecipe { Model: var model, Training: var training }) throw new InvalidOperationException($"No plan for {recipe.GetType().Name}.");
        TimePlanner step = new(shape, half, model.Lora, training.GradientCheckpointing);
        step.AddStep(recipe, model, training, sizes ?? PlanSizes.Limits(training.Lengths));
        return step.Done("step", sizes is null ? training.MaxSteps : training.StepsFor(sizes.Pictures), speed, texts);
    }

    private TimePlan Done(string unit, long? units, DeviceSpeed speed, string texts)
    {
        string host = hostBytes > 0 ? string.Create(CultureInfo.InvariantCulture, $", {HostBytesPerSecond / 1e9:0} GB/s to host memory") : "";
        return new TimePlan(unit, flops, (flops / speed.Flops) + (bytes / speed.BytesPerSecond) + (hostBytes / HostBytesPerSecond), units, $"{texts}, {Operations(flops)} a {unit}, {speed.Words}{host}");
    }

    private static string Operations(double flops)
    {
        (double size, string name) = flops >= 1e15 ? (1e15, "PFLOP") : flops >= 1e12 ? (1e12, "TFLOP") : (1e9, "GFLOP");
        return string.Create(CultureInfo.InvariantCulture, $"{flops / size:0.00} {name}");
    }

    private void AddStep(Recipe recipe, ModelRecipe model, TrainerSettings training, PlanSizes sizes)
    {
        bool policy = recipe.Trainer is TrainerKind.Sft or TrainerKind.Dpo;
        int each = recipe.Trainer is TrainerKind.Sft or TrainerKind.Guard ? 1 : 2;
        double width = sizes.MeanPromptTokens + (each * sizes.MeanResponseTokens), answers = policy ? each * sizes.MeanResponseTokens : 0;
        double forward = Forward(width, answers);
        flops += training.BatchSize * forward * (passes + (recipe.Trainer == TrainerKind.Dpo ? 1 : 0));
        // a frozen tower sees each image once if all features are kept
        double towers = training.TrainVisionTower ? 3 : Seen(sizes, training.VisionCacheBytes, training.Epochs);
        flops += training.BatchSize * towers * Tower;
        AddUpdate(training.Optimizer, model.Device, model.Lora, MemoryPlanner.Trained(shape, model.Lora, policy, training.TrainVisionTower));
    }

    private void AddRound(PpoRecipe recipe, PlanSizes sizes, PlanSizes instructions)
    {
        (PpoModelsRecipe model, PpoSettings training) = (recipe.Model, recipe.Training);
        int rows = training.RolloutBatch, each = model.NamesOneFolder ? 1 : 2, answer = training.MaxNewTokens;
        double prompt = sizes.MeanPromptTokens, width = prompt + answer, updates = (double)training.UpdateEpochs * Math.Ceiling((double)rows / training.MiniBatch);
        double policy = Forward(width, answer), scorer = Forward(width, 0);
        flops += rows * Seen(sizes, training.VisionCacheBytes, training.Epochs) * Tower;
        flops += rows * policy; // sampling: the prompt's columns at once, then the answer's
        int rolled = MemoryPlanner.RolledAtOnce(training, shape, half, (long)width);
        double read = (shape.Parameters - shape.TowerParameters) * (double)Element, cache = rows * (prompt + (answer / 2.0)) * MemoryPlanner.CacheBytesOfToken(shape, half);
        bytes += answer * ((Math.Ceiling((double)rows / rolled) * read) + cache);
        flops += rows * (policy + (2 * each * scorer)); // reference, scores, critics
        flops += rows * training.UpdateEpochs * passes * (policy + (each * scorer));
        if (training.PtxCoefficient > 0 && recipe.Data.Instructions is not null)
            flops += updates * training.PtxBatch * passes * Forward(instructions.MeanPromptTokens + instructions.MeanResponseTokens, instructions.MeanResponseTokens);
        for (int i = 0; i < updates; i++)
        {
            AddUpdate(training.Actor, model.Device, model.Lora, MemoryPlanner.Trained(shape, model.Lora, policy: true, tower: false));
            AddUpdate(training.Critics, model.Device, model.Lora, each * MemoryPlanner.Trained(shape, model.Lora, policy: false, tower: false));
        }
    }

    private int Element => half ? 2 : 4;

    // of one image
    private double Tower
    {
        get
        {
            (int layers, long width, _) = shape.Tower;
            double patches = shape.Features.Patches;
            return (2 * shape.TowerParameters * patches) + (4.0 * layers * width * patches * patches);
        }
    }

    // one text: blocks, attention over all columns, and the output matrix at the answer's tokens
    private double Forward(double width, double answers) =>
        (width * ((2 * blocks) + (4.0 * shape.Text.Layers * shape.QueryWidth * width))) + (2.0 * answers * shape.Text.VocabularySize * shape.Text.HiddenSize);

    private double Seen(PlanSizes sizes, long cacheBytes, double epochs) => sizes.Pictures <= cacheBytes / Math.Max(1, shape.Features.Patches * shape.Features.Width * Element) ? 1 / Math.Max(1, epochs) : 1;

    private void AddUpdate(OptimizerSettings settings, string device, LoraRecipe? lora, long trained)
    {
        bytes += (double)trained * UpdateBytes;
        if (settings.Offload && device != "cpu") hostBytes += 2.0 * MemoryPlanner.StateBytes(half, lora, trained);
    }
}
