using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Foretells what a recipe takes at its peak. The sums follow what the trainers allocate; bench/memory.sh compares them with what a process takes.</summary>
public static class MemoryPlanner
{
    /// <summary>.NET and libtorch with their code and pools, or the CUDA context.</summary>
    public const long ProcessBytes = 280L << 20;

    private const long WindowBytes = 256L << 20;

    // CUDA's caching allocator is taken to waste a tenth of what is kept; on the CPU freed memory is used again (TensorMemory)
    private const double DeviceGaps = 0.1;
    private const int TowerGroup = 16;

    /// <summary>Plans a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="shape">The model; of PPO's six all have the same.</param>
    /// <param name="stored">Bytes of a stored weight, where the recipe leaves the type to the checkpoint.</param>
    /// <param name="sizes">What is known of the data; null = the recipe's limits.</param>
    /// <param name="instructions">What is known of PPO's instruction data; null = the recipe's limits.</param>
    public static MemoryPlan Plan(Recipe recipe, ModelShape shape, int stored = 4, PlanSizes? sizes = null, PlanSizes? instructions = null) =>
        recipe is PpoRecipe ppo
            ? PlanPpo(ppo, shape, stored, sizes ?? PlanSizes.Limits(ppo.Training.Lengths, ppo.Training.MaxNewTokens), instructions ?? PlanSizes.Limits(ppo.Training.Lengths))
            : PlanModel(recipe, shape, stored, sizes);

    private static MemoryPlan PlanModel(Recipe recipe, ModelShape shape, int stored, PlanSizes? known)
    {
        if (recipe is not IModelTrainingRecipe { Model: var model, Training: var training }) throw new InvalidOperationException($"No plan for {recipe.GetType().Name}.");
        PlanSizes sizes = known ?? PlanSizes.Limits(training.Lengths);
        bool half = IsHalf(model.Dtype, stored), policy = recipe.Trainer is TrainerKind.Sft or TrainerKind.Dpo;
        ActivationCost cost = new(shape, half, model.Lora);
        int each = recipe.Trainer is TrainerKind.Sft or TrainerKind.Guard ? 1 : 2;
        long trained = Trained(shape, model.Lora, policy, training.TrainVisionTower);
        long KeptOf(PlanPart one) => cost.Training(one.Rows * one.Width, training.GradientCheckpointing) + cost.Mask(one.Rows, one.Width, one.Prompt) + (policy ? cost.LogProbabilities(one.Answers, trained: true) : 0)
            + Projector(shape, half, one.Rows) + (training.TrainVisionTower ? TowerTraining(shape, half, one.Rows) : 0);
        PlanPart part = PlanBatches.Of(sizes, training, each).MaxBy(KeptOf)!;
        bool reference = recipe.Trainer == TrainerKind.Dpo && model.Lora is null, several = part.Rows < training.BatchSize;

        List<MemoryPart> parts = Lasting(shape, half, reference ? 2 : 1, model.Lora, adapters: 1, OnDevice(training.Optimizer, model.Device, half, model.Lora, trained));
        long gradients = trained * GradientBytes(model.Lora, half);
        long kept = KeptOf(part);
        parts.AddRange(Vision(shape, half, part.Rows, training.VisionCacheBytes, training.TrainVisionTower, sizes));
        if (model.Device == "cpu") parts.Add(new("data", Data(shape, training.BatchSize, sizes), true));
        // in the first backward pass of a step activations go as gradients come
        parts.Add(new("activations of a part of the batch" + (several ? " and gradients" : ""), several ? kept + gradients : Math.Max(kept, gradients), false));
        parts.Add(new("gradients and the update", gradients + UpdateBytes(model.Lora, half, trained), false));
        if (model.Device != "cpu") parts.Add(Gaps(kept));
        string texts = $"{part.Rows} {(each > 1 ? "pairs" : "rows")} of {part.Prompt} + {(each > 1 ? "2 x " : "")}{part.Response} tokens at a time, {(half ? "bfloat16" : "float32")}";
        return new MemoryPlan(parts, texts) { Host = Host(model.Device, Data(shape, training.BatchSize, sizes), Offloaded(training.Optimizer, half, model.Lora, trained)) };
    }

    private static MemoryPlan PlanPpo(PpoRecipe recipe, ModelShape shape, int stored, PlanSizes sizes, PlanSizes instructions)
    {
        (PpoModelsRecipe model, PpoSettings training) = (recipe.Model, recipe.Training);
        bool half = IsHalf(model.Dtype, stored), shared = model.Sharing == Sharing.Backbone, ptx = training.PtxCoefficient > 0 && recipe.Data.Instructions is not null;
        ActivationCost cost = new(shape, half, model.Lora);
        // whatever the data's answers are, sampled ones may be as long as is allowed
        int answer = training.MaxNewTokens;
        int micro = training.MicroBatch > 0 ? training.MicroBatch : training.MiniBatch, texts = Math.Min(training.PtxBatch, training.MicroBatch > 0 ? training.MicroBatch : training.PtxBatch);
        bool several = micro < training.MiniBatch;
        long rows = micro, width = sizes.PromptTokens + answer;
        long actor = Trained(shape, model.Lora, policy: true, tower: false), critic = Trained(shape, model.Lora, policy: false, tower: false);
        int each = model.NamesOneFolder ? 1 : 2, models = shared ? 1 : 2 + 2 * each; // score models, and as many critics
        List<MemoryPart> parts = Lasting(shape, half, models, model.Lora, adapters: 1 + 2 * each,
            OnDevice(training.Actor, model.Device, half, model.Lora, actor) + OnDevice(training.Critics, model.Device, half, model.Lora, each * critic));
        parts.AddRange(Vision(shape, half, Math.Max(rows, ptx ? texts : 0), training.VisionCacheBytes, tower: false, sizes, ptx ? instructions : null));
        long data = Data(shape, training.RolloutBatch, sizes) + (ptx ? Data(shape, training.PtxBatch, instructions) : 0);
        if (model.Device == "cpu") parts.Add(new("data", data, true));

        int rolled = RolledAtOnce(training, shape, half, width);
        // an adapter is merged into copies of the weights while it answers, in float32 alone
        long merged = model.Lora is { } lora && !half ? 4 * shape.Text.Layers * Adapted(shape, lora).Sum(layer => layer.In * layer.Out) : 0;
        long cache = rolled * width * CacheBytesOfToken(shape, half), prefill = cost.Inference(rolled * (long)sizes.PromptTokens) + 4L * 4 * rolled * shape.Text.VocabularySize;
        long gradients = actor * GradientBytes(model.Lora, half), kept = Kept(cost, shape, half, rows, width, answer, training.GradientCheckpointing);
        parts.Add(new($"rollout of {rolled}: keys and values {MemoryPlan.Size(cache)}, prompts {MemoryPlan.Size(prefill)}" + (merged > 0 ? $", merged weights {MemoryPlan.Size(merged)}" : ""), cache + prefill + merged, false));
        parts.Add(new("activations of an update" + (several ? " and gradients" : ""), several ? kept + gradients : Math.Max(kept, gradients), false));
        if (ptx)
        {
            // these come on top of the gradients of the surrogate
            long width2 = instructions.PromptTokens + instructions.ResponseTokens, kept2 = Kept(cost, shape, half, texts, width2, instructions.ResponseTokens, training.GradientCheckpointing);
            parts.Add(new($"activations of {texts} instructions, and gradients", kept2 + gradients, false));
            kept = Math.Max(kept, kept2);
        }
        parts.Add(new("gradients and the update", gradients + UpdateBytes(model.Lora, half, actor), false));
        if (model.Device != "cpu") parts.Add(Gaps(kept));
        string also = ptx ? $", {texts} of {instructions.PromptTokens} + {instructions.ResponseTokens}" : "";
        return new MemoryPlan(parts, $"updates of {rows} rows of {sizes.PromptTokens} + {answer} tokens{also}, {(half ? "bfloat16" : "float32")}, {(shared ? "one backbone" : $"{models} models")}")
        {
            Host = Host(model.Device, data, Offloaded(training.Actor, half, model.Lora, actor) + Offloaded(training.Critics, half, model.Lora, each * critic)),
        };
    }

    /// <summary>Keys and values that one token takes while an answer is sampled.</summary>
    internal static long CacheBytesOfToken(ModelShape shape, bool half) => KeyValueCache.BytesOfToken(shape.Text, half ? 2 : 4);

    /// <summary>Prompts that are answered at a time.</summary>
    internal static int RolledAtOnce(PpoSettings training, ModelShape shape, bool half, long width)
    {
        int rolled = training.RolloutMicroBatch > 0 ? Math.Min(training.RolloutMicroBatch, training.RolloutBatch) : training.RolloutBatch;
        return training.RolloutCacheBytes > 0 ? (int)Math.Clamp(training.RolloutCacheBytes / CacheBytesOfToken(shape, half) / width, 1, rolled) : rolled;
    }

    private static long Kept(ActivationCost cost, ModelShape shape, bool half, long rows, long width, long answer, bool checkpointing) =>
        cost.Training(rows * width, checkpointing) + cost.Mask(rows, width, width - answer) + cost.LogProbabilities(rows * answer, trained: true) + Projector(shape, half, rows);

    private static List<MemoryPart> Lasting(ModelShape shape, bool half, int models, LoraRecipe? lora, int adapters, long state)
    {
        long weights = models * shape.Parameters * (half ? 2 : 4);
        List<MemoryPart> parts = [new("program and libraries", ProcessBytes, true), new(models == 1 ? "weights" : $"weights of {models} models", weights, true)];
        if (lora is not null) parts.Add(new(adapters == 1 ? "adapter" : $"{adapters} adapters", adapters * LoraParameters(shape, lora) * 4, true));
        parts.Add(new(lora is null && half ? "optimizer with float32 master weights" : "optimizer", state, true));
        return parts;
    }

    // offloaded states are on the device in parts
    private static long OnDevice(OptimizerSettings settings, string device, bool half, LoraRecipe? lora, long trained)
    {
        long state = StateBytes(half, lora, trained);
        return settings.Offload && device != "cpu" ? Math.Min(state, settings.AdamW.PartBytes) : state;
    }

    private static long Offloaded(OptimizerSettings settings, bool half, LoraRecipe? lora, long trained) => settings.Offload ? StateBytes(half, lora, trained) : 0;

    /// <summary>Two moments, and a master copy of weights in half precision, all float32.</summary>
    internal static long StateBytes(bool half, LoraRecipe? lora, long trained) => trained * (lora is null && half ? 12 : 8);

    private static List<MemoryPart> Host(string device, long data, long offloaded)
    {
        if (device == "cpu") return [];
        List<MemoryPart> parts = [new("program and libraries", ProcessBytes, true), new("data", data, true)];
        if (offloaded > 0) parts.Add(new("optimizer states (offload)", offloaded, true));
        return parts;
    }

    private static IEnumerable<MemoryPart> Vision(ModelShape shape, bool half, long rows, long cacheBytes, bool tower, PlanSizes sizes, PlanSizes? instructions = null)
    {
        (long patches, long width) = shape.Features;
        long one = patches * width * (half ? 2 : 4);
        long CacheOf(PlanSizes? data)
        {
            if (data is null) return 0;
            double mean = data.MostImageRows is > 0 and int most ? one * data.MeanImageRows / most : one;
            return data.Pictures * mean > cacheBytes ? cacheBytes : (long)(data.Pictures * mean);
        }
        if (!tower && cacheBytes > 0) yield return new("vision features kept", CacheOf(sizes) + CacheOf(instructions), true);
        yield return new("vision features of a batch", rows * one, true);
        if (tower) yield break;
        (_, long towerWidth, long inner) = shape.Tower;
        long pictures = shape.Config is LlavaConfig { GridPinpoints.Count: 0 } ? TowerGroup : 1;
        yield return new("vision tower at work", pictures * (patches * (half ? 2 : 4) * (3 * inner + 5 * towerWidth) + shape.PixelBytes), false);
    }

    private static MemoryPart Gaps(long kept) => new("gaps that the allocator leaves", (long)(DeviceGaps * kept), true);

    private static long TowerTraining(ModelShape shape, bool half, long rows)
    {
        (int layers, long width, long inner) = shape.Tower;
        return rows * shape.Features.Patches * layers * (half ? 2 : 4) * (8 * width + 4 * inner);
    }

    private static long Projector(ModelShape shape, bool half, long rows) => rows * (half ? 2 : 4) * (shape.Features.Patches * shape.Features.Width + 3L * shape.ImageTokens * shape.Text.HiddenSize);

    private static long Data(ModelShape shape, long rows, PlanSizes sizes) => Math.Min(WindowBytes, sizes.DataBytes) + 2 * rows * shape.PixelBytes;

    /// <summary>Numbers that are trained (a head is too small to count).</summary>
    internal static long Trained(ModelShape shape, LoraRecipe? lora, bool policy, bool tower) =>
        lora is not null ? LoraParameters(shape, lora) : shape.Parameters - (tower ? 0 : shape.TowerParameters) - (policy ? 0 : shape.OutputParameters);

    private static long LoraParameters(ModelShape shape, LoraRecipe lora) => shape.Text.Layers * lora.Rank * Adapted(shape, lora).Sum(layer => layer.In + layer.Out);

    /// <summary>Layers of one block that an adapter changes.</summary>
    private static IEnumerable<(long In, long Out)> Adapted(ModelShape shape, LoraRecipe lora)
    {
        (long h, long a, long k, long i) = (shape.Text.HiddenSize, shape.QueryWidth, shape.KeyWidth, shape.Text.IntermediateSize);
        (string Name, long In, long Out)[] layers = [("q_proj", h, a), ("k_proj", h, k), ("v_proj", h, k), ("o_proj", a, h), ("gate_proj", h, i), ("up_proj", h, i), ("down_proj", i, h)];
        return layers.Where(layer => lora.Targets.Count == 0 || lora.Targets.Contains(layer.Name)).Select(layer => (layer.In, layer.Out));
    }

    /// <summary>Whether weights take two bytes.</summary>
    internal static bool IsHalf(WeightType? wanted, int stored) => wanted is { } type ? type == WeightType.Bfloat16 : stored == 2;

    // adapters are float32 whatever the backbone's type
    private static int GradientBytes(LoraRecipe? lora, bool half) => lora is null && half ? 2 : 4;

    // gradients of half precision are widened for the update
    private static long UpdateBytes(LoraRecipe? lora, bool half, long trained) => lora is null && half ? 4 * trained : 0;
}
