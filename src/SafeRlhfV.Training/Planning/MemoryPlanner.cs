using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>
/// Foretells what a recipe takes at its peak. The sums follow what the trainers allocate; bench/memory.sh compares them with what a process takes.
/// </summary>
public static class MemoryPlanner
{
    /// <summary>.NET and libtorch with their code and pools, or the CUDA context.</summary>
    public const long ProcessBytes = 280L << 20;

    private const long WindowBytes = 256L << 20;

    // CUDA's caching allocator is taken to waste a tenth of what is kept; on the CPU freed memory is used again (TensorMemory)
    private const double DeviceGaps = 0.1;
    private const int TowerGroup = 16;
    private const string EmbeddingModule = "embed_tokens";

    /// <summary>Plans a recipe of one model.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="step">What a step computes.</param>
    /// <param name="inputs">The model and the data.</param>
    public static MemoryPlan PlanModel(IModelTrainingRecipe recipe, StepCost step, PlanInputs inputs)
    {
        (ModelRecipe model, TrainerSettings training, ModelShape shape) = (recipe.Model, recipe.Training, inputs.Shape);
        PlanSizes sizes = inputs.Sizes ?? PlanSizes.Limits(training.Lengths);
        bool half = inputs.IsHalf(model.Dtype), policy = step.IsPolicy;
        ActivationCost cost = new(shape, half, model.Lora, model.Device);
        int each = step.Responses;
        long heads = training is ScorerSettings { Heads: > 1 } scorer ? (long)scorer.Heads * step.Outputs * shape.Text.HiddenSize : 0;
        long trained = Trained(shape, model.Lora, policy, training.TrainVisionTower) + heads;
        long KeptOf(PlanPart one) => cost.Pass(one.Rows, one.Width, one.Prompt, policy ? one.Answers : 0, training.GradientCheckpointing)
            + Projector(shape, half, one.Rows)
            + (training.TrainVisionTower ? TowerTraining(shape, half, one.Rows) : 0);
        PlanPart part = PlanBatches.Of(sizes, training, each, inputs.Ranks).MaxBy(KeptOf)!;
        bool reference = step.HasReference && model.Lora is null, several = part.Rows * inputs.Ranks < training.BatchSize;

        long unread = inputs.AreMapped(model.Dtype, model.Device) ? Unread(shape, half, policy, model.Lora) : 0;
        List<MemoryPart> parts = Lasting(shape, half, reference ? 2 : 1, unread, model.Lora is null ? [] : [AdapterNumbers(shape, model.Lora)],
            OnDevice(training.Optimizer, model.Device, half, model.Lora, trained / inputs.Ranks));
        if (heads > 0) parts.Add(HeadsPart(heads, half));
        parts.AddRange(Exchange(inputs.Ranks, trained * GradientBytes(model.Lora, half), trained));
        long gradients = trained * GradientBytes(model.Lora, half);
        long kept = KeptOf(part);
        parts.AddRange(Vision(shape, half, part.Rows, training.VisionCacheBytes, training.TrainVisionTower,
            (sizes, Drawn(training.MaxSteps, training.BatchSize))));
        if (model.Device == "cpu") parts.Add(new("data", Data(shape, training.BatchSize, sizes), true));
        // in the first backward pass of a step activations go as gradients come
        parts.Add(new("activations of a part of the batch" + (several ? " and gradients" : ""), several ? kept + gradients : Math.Max(kept, gradients), false));
        parts.Add(new("gradients and the update", gradients + UpdateBytes(model.Lora, half, trained / inputs.Ranks), false));
        if (model.Device != "cpu") parts.Add(Gaps(kept));
        string texts = $"{part.Rows} {(each > 1 ? "pairs" : "rows")} of {part.Prompt} + {(each > 1 ? "2 x " : "")}{part.Response} tokens at a time, "
            + $"{(half ? "bfloat16" : "float32")}";
        return new MemoryPlan(parts, texts)
        {
            Host = Host(model.Device, Data(shape, training.BatchSize, sizes), Offloaded(training.Optimizer, half, model.Lora, trained / inputs.Ranks)),
        };
    }

    /// <summary>Keys and values that a row of so many tokens takes while an answer is sampled.</summary>
    internal static long CacheBytesOfRow(ModelShape shape, bool half, long tokens) => KeyValueCache.BytesOfRow(shape.Text, tokens, half ? 2 : 4);

    /// <summary>
    /// Mapped weights that no pass reads: the output matrix where scores are learnt, and where it is frozen the embedding table but for some rows.
    /// </summary>
    internal static long Unread(ModelShape shape, bool half, bool policy, LoraRecipe? lora)
    {
        long table = (long)shape.Text.VocabularySize * shape.Text.HiddenSize;
        // a copy of the table that an adapter trains is read from it
        bool readsTable = lora is null || lora.ModulesToSave.Contains(EmbeddingModule) || (policy && shape.Config.TieWordEmbeddings);
        return (half ? 2 : 4) * ((policy ? 0 : shape.OutputParameters) + (readsTable ? 0 : table));
    }

    /// <param name="shape">The model.</param>
    /// <param name="half">Weights take two bytes.</param>
    /// <param name="models">Whole models.</param>
    /// <param name="unread">Bytes of theirs that no pass reads.</param>
    /// <param name="adapters">Numbers of each adapter; none where all weights are trained.</param>
    /// <param name="state">Bytes of the optimizer.</param>
    internal static List<MemoryPart> Lasting(ModelShape shape, bool half, int models, long unread, IReadOnlyList<long> adapters, long state)
    {
        long weights = models * shape.Parameters * (half ? 2 : 4) - unread;
        List<MemoryPart> parts = [new("program and libraries", ProcessBytes, true),
            new(models == 1 ? "weights" : $"weights of {models} models", weights, true)];
        if (adapters.Count > 0) parts.Add(new(adapters.Count == 1 ? "adapter" : $"{adapters.Count} adapters", adapters.Sum() * 4, true));
        parts.Add(new(adapters.Count == 0 && half ? "optimizer with float32 master weights" : "optimizer", state, true));
        return parts;
    }

    // offloaded states are on the device in parts
    internal static long OnDevice(OptimizerSettings settings, string device, bool half, LoraRecipe? lora, long trained)
    {
        long state = StateBytes(half, lora, trained);
        return settings.Offload && device != "cpu" ? Math.Min(state, settings.AdamW.PartBytes) : state;
    }

    internal static long Offloaded(OptimizerSettings settings, bool half, LoraRecipe? lora, long trained) => settings.Offload
        ? StateBytes(half, lora, trained)
        : 0;

    /// <summary>Two moments, and a master copy of weights in half precision, all float32.</summary>
    internal static long StateBytes(bool half, LoraRecipe? lora, long trained) => trained * (HasMasters(lora, half) ? 12 : 8);

    internal static List<MemoryPart> Host(string device, long data, long offloaded)
    {
        if (device == "cpu") return [];
        List<MemoryPart> parts = [new("program and libraries", ProcessBytes, true), new("data", data, true)];
        if (offloaded > 0) parts.Add(new("optimizer states (offload)", offloaded, true));
        return parts;
    }

    /// <summary>Rows that are drawn in so many steps or rounds; null = no limit.</summary>
    internal static long Drawn(long? steps, long rows) => steps < long.MaxValue / rows ? steps.Value * rows : long.MaxValue;

    /// <summary>The features of images: those kept, those of a batch, and the tower's work.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="half">Features take two bytes a number.</param>
    /// <param name="rows">Rows of a batch.</param>
    /// <param name="cacheBytes">What may be kept of each data set.</param>
    /// <param name="tower">The tower is trained.</param>
    /// <param name="data">The data sets, each with the rows that are drawn from it.</param>
    internal static IEnumerable<MemoryPart> Vision(ModelShape shape, bool half, long rows, long cacheBytes, bool tower,
        params (PlanSizes Sizes, long Drawn)[] data)
    {
        long one = shape.Patches * shape.Vision.FeatureWidth * (half ? 2 : 4);
        long CacheOf(PlanSizes sizes, long drawn)
        {
            double mean = sizes.MostImageRows is > 0 and int most ? one * sizes.MeanImageRows / most : one, images = Math.Min(sizes.Images, drawn);
            return images * mean > cacheBytes ? cacheBytes : (long)(images * mean);
        }
        if (!tower && cacheBytes > 0) yield return new("vision features kept", data.Sum(set => CacheOf(set.Sizes, set.Drawn)), true);
        yield return new("vision features of a batch", rows * one, true);
        if (tower) yield break;
        long images = shape.Vision.UsualRows == 1 ? TowerGroup : 1; // VisionCache groups images of one row
        yield return new("vision tower at work",
            images * (shape.Patches * (half ? 2 : 4) * (3 * shape.Vision.InnerWidth + 5 * shape.Vision.Width) + shape.PixelBytes), false);
    }

    /// <summary>Sums of the own shards, and the buckets that are on their way.</summary>
    internal static IEnumerable<MemoryPart> Exchange(int ranks, long gradients, long trained)
    {
        if (ranks == 1) yield break;
        long underWay = Math.Min(4 * GradientBuckets.MostBytes, 4 * gradients);
        yield return new($"exchange with {ranks - 1} other {(ranks == 2 ? "rank" : "ranks")}", trained * 4 / ranks + underWay, true);
    }

    internal static MemoryPart Gaps(long kept) => new("gaps that the allocator leaves", (long)(DeviceGaps * kept), true);

    private static long TowerTraining(ModelShape shape, bool half, long rows) =>
        rows * shape.Patches * shape.Vision.Layers * (half ? 2 : 4) * (8 * shape.Vision.Width + 4 * shape.Vision.InnerWidth);

    internal static long Projector(ModelShape shape, bool half, long rows) =>
        rows * (half ? 2 : 4) * (shape.Patches * shape.Vision.FeatureWidth + 3L * shape.ImageTokens * shape.Text.HiddenSize);

    internal static long Data(ModelShape shape, long rows, PlanSizes sizes) => Math.Min(WindowBytes, sizes.DataBytes) + 2 * rows * shape.PixelBytes;

    /// <summary>The matrices of an ensemble's heads.</summary>
    internal static MemoryPart HeadsPart(long numbers, bool half) => new("heads of the ensemble", numbers * (half ? 2 : 4), true);

    /// <summary>Numbers that are trained (a single head is too small to count).</summary>
    internal static long Trained(ModelShape shape, LoraRecipe? lora, bool policy, bool tower) =>
        lora is not null ? AdapterNumbers(shape, policy ? lora : lora.ForScores())
            : shape.Parameters - (tower ? 0 : shape.TowerParameters) - (policy ? 0 : shape.OutputParameters);

    /// <summary>Numbers of a new adapter: low-rank products, and modules that it trains whole.</summary>
    internal static long AdapterNumbers(ModelShape shape, LoraRecipe lora) =>
        (shape.Text.Layers * lora.Rank * Adapted(shape, lora).Sum(layer => layer.In + layer.Out)) + shape.NumbersIn(lora.ModulesToSave);

    /// <summary>Layers of one block that an adapter changes.</summary>
    internal static IEnumerable<(long In, long Out)> Adapted(ModelShape shape, LoraRecipe lora)
    {
        (long h, long a, long k, long i) = (shape.Text.HiddenSize, shape.QueryWidth, shape.KeyWidth, shape.Text.IntermediateSize);
        (string Name, long In, long Out)[] layers = [("q_proj", h, a), ("k_proj", h, k), ("v_proj", h, k), ("o_proj", a, h), ("gate_proj", h, i),
            ("up_proj", h, i), ("down_proj", i, h)];
        return layers.Where(layer => lora.Targets.Count == 0 || lora.Targets.Contains(layer.Name)).Select(layer => (layer.In, layer.Out));
    }

    // low-rank products are float32 whatever the backbone's type; modules that are trained whole have that type, and all is counted as the larger of both
    private static bool HasMasters(LoraRecipe? lora, bool half) => half && lora is not { ModulesToSave.Count: 0 };

    internal static int GradientBytes(LoraRecipe? lora, bool half) => lora is null && half ? 2 : 4;

    // gradients of half precision are widened for the update
    internal static long UpdateBytes(LoraRecipe? lora, bool half, long trained) => HasMasters(lora, half) ? 4 * trained : 0;
}
