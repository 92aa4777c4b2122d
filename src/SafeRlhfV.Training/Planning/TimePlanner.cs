using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>
/// Estimates time from the products that a recipe computes: a forward pass is two operations for each weight and token, its backward pass twice that, or once
/// where the weights are frozen under an adapter. Sampling reads all weights and the keys and values for every token. Embeddings, norms, data and checkpoints
/// are left out.
/// </summary>
internal sealed class TimePlanner
{
    // moments, master copy, gradient and weight are read and written
    private const int UpdateBytes = 28;

    // PCIe 4, for optimizer states in host memory
    private const double HostBytesPerSecond = 20e9;

    private readonly ModelShape shape;
    private readonly bool half;
    private readonly double blocks;
    private double flops, bytes, hostBytes;

    /// <summary>Begins an estimate.</summary>
    public TimePlanner(ModelShape shape, bool half, LoraRecipe? lora, bool checkpointing)
    {
        (this.shape, this.half) = (shape, half);
        (long h, long a, long k, long i) = (shape.Text.HiddenSize, shape.QueryWidth, shape.KeyWidth, shape.Text.IntermediateSize);
        blocks = (double)shape.Text.Layers * ((2 * h * a) + (2 * h * k) + (3 * h * i));
        Passes = 1 + (lora is null ? 2 : 1) + (checkpointing ? 1 : 0);
    }

    /// <summary>Estimates the time of a recipe of one model.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="cost">What a step computes.</param>
    /// <param name="inputs">The model and the data.</param>
    /// <param name="speed">The device.</param>
    public static TimePlan PlanModel(IModelTrainingRecipe recipe, StepCost cost, PlanInputs inputs, DeviceSpeed speed)
    {
        (ModelRecipe model, TrainerSettings training) = (recipe.Model, recipe.Training);
        TimePlanner step = new(inputs.Shape, inputs.IsHalf(model.Dtype), model.Lora, training.GradientCheckpointing);
        step.AddStep(cost, model, training, inputs.Sizes ?? PlanSizes.Limits(training.Lengths), inputs.Ranks);
        return step.Done("step", inputs.Sizes is { } sizes ? training.StepsFor(sizes.Images) : training.MaxSteps, speed, Texts(inputs));
    }

    /// <summary>What is assumed of the texts, in words.</summary>
    public static string Texts(PlanInputs inputs) =>
        (inputs.Sizes is null ? "all texts as long as training.lengths allows" : "texts as long as the mean of the rows looked at")
        + (inputs.Ranks == 1 ? "" : $", {inputs.Ranks} ranks without the time that they exchange data");

    /// <summary>A forward pass with its backward pass, in forward passes.</summary>
    public double Passes { get; }

    /// <summary>Bytes of a weight.</summary>
    public int Element => half ? 2 : 4;

    /// <summary>Adds floating-point operations.</summary>
    public void AddFlops(double count) => flops += count;

    /// <summary>Adds bytes that the device reads or writes.</summary>
    public void AddBytes(double count) => bytes += count;

    /// <summary>The estimate.</summary>
    public TimePlan Done(string unit, long? units, DeviceSpeed speed, string texts)
    {
        string host = hostBytes > 0 ? string.Create(CultureInfo.InvariantCulture, $", {HostBytesPerSecond / 1e9:0} GB/s to host memory") : "";
        return new TimePlan(unit, flops, (flops / speed.Flops) + (bytes / speed.BytesPerSecond) + (hostBytes / HostBytesPerSecond), units,
            $"{texts}, {Operations(flops)} a {unit}, {speed.Words}{host}");
    }

    private static string Operations(double flops)
    {
        (double size, string name) = flops >= 1e15 ? (1e15, "PFLOP") : flops >= 1e12 ? (1e12, "TFLOP") : (1e9, "GFLOP");
        return string.Create(CultureInfo.InvariantCulture, $"{flops / size:0.00} {name}");
    }

    private void AddStep(StepCost cost, ModelRecipe model, TrainerSettings training, PlanSizes sizes, int ranks)
    {
        double rows = training.BatchSize / (double)ranks;
        double width = sizes.MeanPromptTokens + (cost.Responses * sizes.MeanResponseTokens), answers = cost.IsPolicy
            ? cost.Responses * sizes.MeanResponseTokens
            : 0;
        double forward = Forward(width, answers);
        AddFlops(rows * forward * (Passes + (cost.HasReference ? 1 : 0)));
        // a frozen tower sees each image once if all features are kept
        double towers = training.TrainVisionTower ? 3 : Seen(sizes, training.VisionCacheBytes, training.Epochs);
        AddFlops(rows * towers * Tower);
        AddUpdate(training.Optimizer, model.Device, model.Lora, MemoryPlanner.Trained(shape, model.Lora, cost.IsPolicy, training.TrainVisionTower) / ranks);
    }

    /// <summary>Operations of the vision tower on one image.</summary>
    public double Tower
    {
        get
        {
            double patches = shape.Patches;
            return (2 * shape.TowerParameters * patches) + (4.0 * shape.Vision.Layers * shape.Vision.Width * patches * patches);
        }
    }

    /// <summary>Operations of one text: blocks, attention over all columns, and the output matrix at the answer's tokens.</summary>
    public double Forward(double width, double answers) =>
        (width * ((2 * blocks) + (4.0 * shape.Text.Layers * shape.QueryWidth * width))) + (2.0 * answers * shape.Text.VocabularySize * shape.Text.HiddenSize);

    /// <summary>Passes of the tower for each image that a step meets: fewer than one where all features are kept.</summary>
    public double Seen(PlanSizes sizes, long cacheBytes, double epochs) =>
        sizes.Images <= cacheBytes / Math.Max(1, shape.Patches * shape.Vision.FeatureWidth * Element) ? 1 / Math.Max(1, epochs) : 1;

    /// <summary>Adds an optimizer step.</summary>
    public void AddUpdate(OptimizerSettings settings, string device, LoraRecipe? lora, long trained)
    {
        bytes += (double)trained * UpdateBytes;
        if (settings.Offload && device != "cpu") hostBytes += 2.0 * MemoryPlanner.StateBytes(half, lora, trained);
    }
}
