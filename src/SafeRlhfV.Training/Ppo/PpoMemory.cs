using SafeRlhfV.Models;
using static SafeRlhfV.Training.MemoryPlanner;

namespace SafeRlhfV.Training;

/// <summary>What trainers that sample take in memory: roles, a rollout, updates of the actor and of critics, instructions beside them.</summary>
internal static class PpoMemory
{
    // What runs of every size take beyond one trainer's: more code, compiled once more for speed by the first rounds (9 MiB), copies that MKL keeps (7), and
    // gaps, since sampling and updates ask for blocks of other sizes (docs/log.md).
    private const long BothBytes = 40L << 20;

    /// <summary>Plans a recipe.</summary>
    public static MemoryPlan Plan(RolloutRecipe recipe, PlanInputs inputs)
    {
        ModelShape shape = inputs.Shape;
        PlanSizes sizes = Sizes(recipe, inputs), instructions = Instructions(recipe, inputs);
        (PpoModelsRecipe model, RolloutSettings training) = (recipe.Model, recipe.Sampling);
        OptimizerSettings? critics = recipe.Critics;
        int samples = recipe.Answers;
        bool half = inputs.IsHalf(model.Dtype), shared = model.Sharing == Sharing.Backbone, ptx = training.PtxCoefficient > 0
            && recipe.Data.Instructions is not null;
        ActivationCost cost = new(shape, half, model.Lora, model.Device);
        // whatever the data's answers are, sampled ones may be as long as is allowed; all answers to a prompt run beside it
        int answer = samples * training.MaxNewTokens;
        int micro = AtOnce(training.MicroBatch, training.MiniBatch), texts = AtOnce(training.MicroBatch, training.PtxBatch);
        bool several = micro * inputs.Ranks < training.MiniBatch;
        long rows = micro, width = sizes.PromptTokens + answer;
        long actor = Trained(shape, model.Lora, policy: true, tower: false);
        int scorers = model.Scorers, learning = critics is null ? 0 : model.Critics, judge = model.Judge.Length > 0 ? 1 : 0;
        long learnt = critics is null ? 0 : CriticNumbers(model, shape);
        // servers have memory of their own, and what they are compared with is freed before the first round
        int freed = recipe.Scoring is { ReleasesModels: true } ? scorers : 0, models = shared ? 1 : 2 + scorers - freed + learning + judge;
        long state = OnDevice(training.Actor, model.Device, half, model.Lora, actor / inputs.Ranks)
            + (critics is null ? 0 : OnDevice(critics, model.Device, half, model.Lora, learnt / inputs.Ranks));
        long unread = shared && inputs.AreMapped(model.Dtype, model.Device) ? Unread(shape, half, policy: true, model.Lora) : 0;
        List<MemoryPart> parts = Lasting(shape, half, models, unread, shared ? [actor, .. Adapters(recipe, shape)] : [], state);
        if (Ensembles(model) is > 0 and long heads) parts.Add(HeadsPart(heads * shape.Text.HiddenSize, half));
        parts.AddRange(Exchange(inputs.Ranks, actor * GradientBytes(model.Lora, half), actor + learnt));
        long draws = training is GrpoSettings { Resample: int further } ? 1 + further : 1;
        (PlanSizes, long) prompts = (sizes, Drawn(training.Rounds, draws * training.RolloutBatch));
        parts.AddRange(Vision(shape, half, Math.Max(rows, ptx ? texts : 0), training.VisionCacheBytes, tower: false,
            ptx ? [prompts, (instructions, Drawn(training.Rounds, training.UpdatesPerRound * training.PtxBatch))] : [prompts]));
        long data = MemoryPlanner.Data(shape, training.RolloutBatch, sizes) + (ptx ? MemoryPlanner.Data(shape, training.PtxBatch, instructions) : 0);
        if (model.Device == "cpu") parts.Add(new("data", data, true));

        long row = sizes.PromptTokens + training.MaxNewTokens;
        int rolled = Math.Min(RolledAtOnce(training, shape, half, row, samples), (training.RolloutBatch + inputs.Ranks - 1) / inputs.Ranks);
        // an adapter is merged into copies of the weights while it answers, in float32 alone
        long merged = model.Lora is { } lora && !half ? 4 * shape.Text.Layers * Adapted(shape, lora).Sum(layer => layer.In * layer.Out) : 0;
        long cache = rolled * samples * CacheBytesOfRow(shape, half, row), prefill = cost.Inference(rolled * (long)sizes.PromptTokens)
            + 4L * 4 * rolled * samples * shape.Text.VocabularySize;
        long gradients = actor * GradientBytes(model.Lora, half), kept = Kept(cost, shape, half, rows, width, answer, training.GradientCheckpointing);
        if (recipe.Rollouts is null) // servers have memory of their own
            parts.Add(new($"rollout of {rolled}: keys and values {MemoryPlan.Size(cache)}, prompts {MemoryPlan.Size(prefill)}"
                + (merged > 0 ? $", merged weights {MemoryPlan.Size(merged)}" : ""), cache + prefill + merged, false));
        parts.Add(new("activations of an update" + (several ? " and gradients" : ""), several ? kept + gradients : Math.Max(kept, gradients), false));
        if (ptx)
        {
            // these come on top of the gradients of the surrogate
            long KeptOf(PlanPart one) => cost.Pass(one.Rows, one.Width, one.Prompt, one.Answers, training.GradientCheckpointing)
                + Projector(shape, half, one.Rows);
            SftSettings batches = new() { BatchSize = training.PtxBatch, MicroBatchSize = texts };
            long most = PlanBatches.Of(instructions, batches, each: 1, inputs.Ranks).Max(KeptOf);
            parts.Add(new($"activations of {texts} instructions, and gradients", most + gradients, false));
            kept = Math.Max(kept, most);
        }
        parts.Add(new("gradients and the update", gradients + UpdateBytes(model.Lora, half, actor / inputs.Ranks), false));
        if (freed > 0) parts.Add(new($"{freed} score model{(freed == 1 ? "" : "s")} to compare servers with, beyond the optimizer",
            Math.Max(0, (freed * shape.Parameters * (half ? 2 : 4)) - state), false));
        if (training.CalibrationRows > 0)
        {
            long answers = 2L * Math.Min(training.MiniBatch, training.CalibrationRows), early = state - (freed * shape.Parameters * (half ? 2 : 4));
            parts.Add(Calibration(cost, shape, half, answers, inputs.Data?.Calibration ?? PlanSizes.Limits(training.Lengths), early));
        }
        parts.Add(model.Device == "cpu" ? new("sampling and updates in one process", BothBytes, true) : Gaps(kept));
        string also = ptx ? $", {texts} of {instructions.PromptTokens} + {instructions.ResponseTokens}" : "";
        return new MemoryPlan(parts,
            $"updates of {rows} rows of {sizes.PromptTokens} + {(samples > 1 ? $"{samples} x " : "")}{training.MaxNewTokens} tokens{also}, "
            + $"{(half ? "bfloat16" : "float32")}, {(shared ? "one backbone" : $"{models} models")}")
        {
            Host = Host(model.Device, data, Offloaded(training.Actor, half, model.Lora, actor / inputs.Ranks)
                + (critics is null ? 0 : Offloaded(critics, half, model.Lora, learnt / inputs.Ranks))),
        };

        // rows of a batch that run at a time on one rank
        int AtOnce(int most, int batch) => Math.Min(most > 0 ? most : batch, (batch + inputs.Ranks - 1) / inputs.Ranks);
    }

    // rows of the heads of score models that are ensembles, where their folders are there already
    private static long Ensembles(PpoModelsRecipe model)
    {
        // one folder has both scores, each with all its heads
        string[] folders = [model.Reward, model.NamesOneFolder ? model.Reward : model.Cost, model.Judge];
        return folders.Where(folder => folder.Length > 0).Select(ModelKinds.Heads).Where(count => count > 1).Sum();
    }

    /// <summary>Numbers that the critics train.</summary>
    internal static long CriticNumbers(PpoModelsRecipe model, ModelShape shape) => Critics(model).Sum(folder => ScoreNumbers(model, shape, folder));

    // adapters of scores, critics and the judge
    private static IEnumerable<long> Adapters(RolloutRecipe recipe, ModelShape shape)
    {
        PpoModelsRecipe model = recipe.Model;
        string[] scores = model.NamesOneFolder || !model.HasReward ? [model.Cost] : [model.Reward, model.Cost];
        string[] judge = model.Judge.Length > 0 ? [model.Judge] : [];
        return scores.Concat(recipe.Critics is null ? [] : Critics(model)).Concat(judge).Select(folder => ScoreNumbers(model, shape, folder));
    }

    private static string[] Critics(PpoModelsRecipe model) => model.NamesOneFolder ? [model.Cost] : [model.Reward, model.Cost];

    // a score's adapter has a rank of its own, known where the folder is there already; a critic without a reward model starts as the actor does
    private static long ScoreNumbers(PpoModelsRecipe model, ModelShape shape, string folder)
    {
        string[] places = model.Lora is null || folder.Length == 0 ? [] : [folder, Path.Combine(folder, ResultFolder.Name)];
        return places.FirstOrDefault(RecipeModels.IsAdapter) is { } adapter ? LoraAdapter.NumbersOf(adapter)
            : Trained(shape, model.Lora, policy: false, tower: false);
    }

    /// <summary>What is known of the prompts, or the recipe's limits.</summary>
    internal static PlanSizes Sizes(RolloutRecipe recipe, PlanInputs inputs) => inputs.Sizes
        ?? PlanSizes.Limits(recipe.Sampling.Lengths, recipe.Sampling.MaxNewTokens);

    /// <summary>What is known of the instruction data, or the recipe's limits.</summary>
    internal static PlanSizes Instructions(RolloutRecipe recipe, PlanInputs inputs) => inputs.Data?.Instructions ?? PlanSizes.Limits(recipe.Sampling.Lengths);

    /// <summary>Prompts that are answered at a time, each with so many answers; width is that of a prompt and an answer.</summary>
    internal static int RolledAtOnce(RolloutSettings training, ModelShape shape, bool half, long width, int samples)
    {
        int rolled = training.RolloutMicroBatch > 0 ? Math.Min(training.RolloutMicroBatch, training.RolloutBatch) : training.RolloutBatch;
        return training.RolloutCacheBytes > 0 ? (int)Math.Clamp(training.RolloutCacheBytes / CacheBytesOfRow(shape, half, width) / samples, 1, rolled) : rolled;
    }

    // Both answers of some pairs are scored side by side, each with features of its own. That is before there are optimizer states, and before most code of a
    // round is compiled: what it takes beyond those counts.
    private static MemoryPart Calibration(ActivationCost cost, ModelShape shape, bool half, long rows, PlanSizes pairs, long state)
    {
        const long NotYet = 48L << 20;
        long width = pairs.PromptTokens + pairs.ResponseTokens, features = rows * shape.Patches * shape.Vision.FeatureWidth * (half ? 2 : 4);
        long bytes = cost.Inference(rows, width, pairs.PromptTokens) + features;
        return new($"calibration by {rows} answers at a time, beyond the optimizer", Math.Max(0, bytes - state - NotYet), false);
    }

    private static long Kept(ActivationCost cost, ModelShape shape, bool half, long rows, long width, long answer, bool checkpointing) =>
        cost.Pass(rows, width, width - answer, rows * answer, checkpointing, entropy: true) + Projector(shape, half, rows);
}
