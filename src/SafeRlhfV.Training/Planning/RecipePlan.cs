using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>A recipe's memory, and what to change where a device has too little. Loads no weights.</summary>
public sealed class RecipePlan
{
    // each is a smaller sacrifice than the next
    private static readonly string[] ModelChanges =
        ["training.vision_cache_bytes=256MiB", "training.gradient_checkpointing=true", "training.micro_batch_size=4", "training.micro_batch_size=1", "training.optimizer.offload=true", "model.dtype=bfloat16", "model.lora.rank=16"];

    private static readonly string[] PpoChanges =
        ["training.vision_cache_bytes=256MiB", "training.gradient_checkpointing=true", "training.rollout_cache_bytes=16GiB", "training.rollout_cache_bytes=4GiB", "training.micro_batch=4", "training.micro_batch=1", "training.actor.offload=true training.critics.offload=true", "model.dtype=bfloat16", "model.sharing=backbone model.lora.rank=16"];

    private readonly Recipe recipe;
    private readonly ModelShape shape;
    private readonly PlanSizes? sizes, instructions;
    private readonly int stored;

    private RecipePlan(Recipe recipe, ModelShape shape, int stored, PlanSizes? sizes, PlanSizes? instructions)
    {
        (this.recipe, this.shape, this.stored, this.sizes, this.instructions) = (recipe, shape, stored, sizes, instructions);
        Memory = MemoryPlanner.Plan(recipe, shape, stored, sizes, instructions);
    }

    /// <summary>What the recipe takes.</summary>
    public MemoryPlan Memory { get; }

    /// <summary>Where the recipe runs.</summary>
    public string Device => ModelOf(recipe).Device;

    /// <summary>All parameters of the model.</summary>
    public long Parameters => shape.Parameters;

    /// <summary>Plans by the recipe's limits, for any machine; of the model only config.json is read, and models of the hub that recipes name need not even have that.</summary>
    /// <exception cref="InvalidInputException">There is no config.json and the model is not known by name.</exception>
    public static RecipePlan ByLimits(Recipe recipe)
    {
        string folder = ModelOf(recipe).Folder;
        ModelConfig config = File.Exists(Path.Combine(folder, "config.json")) ? ModelConfig.Load(folder)
            : KnownModels.Find(folder) ?? throw new InvalidInputException($"{folder}: there is no config.json to plan by, and no model of that name is known; known are {string.Join(", ", KnownModels.Names)}.");
        return new RecipePlan(recipe, ModelShape.Of(config), StoredBytes(recipe, config), null, null);
    }

    /// <summary>Plans for the data at hand: looks at some rows to see how long they are.</summary>
    /// <exception cref="InvalidInputException">Model or data are missing or damaged.</exception>
    public static RecipePlan ByData(Recipe recipe)
    {
        string folder = ModelOf(recipe).Folder;
        RecipeModels.CheckWhole(folder);
        ModelConfig config = ModelConfig.Load(folder);
        (DataRecipe data, LengthLimits lengths) = recipe switch
        {
            PpoRecipe one => (one.Data.Prompts, one.Training.Lengths),
            IModelTrainingRecipe one => (one.Data, one.Training.Lengths),
            _ => throw new InvalidOperationException($"No plan for {recipe.GetType().Name}."),
        };
        ModelProcessor processor = ModelProcessor.Load(folder);
        PlanSizes? instructions = recipe is PpoRecipe { Data.Instructions: { } named } ? PlanSizes.Look(named, processor, lengths) : null;
        PlanSizes sizes = PlanSizes.Look(data, processor, lengths);
        if (recipe is GuardRecipe { Data.SafePrompts: { } safe }) sizes = sizes with { PromptTokens = Math.Max(sizes.PromptTokens, PlanSizes.Look(safe, processor, lengths).PromptTokens) };
        return new RecipePlan(recipe, ModelShape.Of(config), StoredBytes(recipe, config), sizes, instructions);
    }

    /// <summary>Settings with which the recipe would fit: the fewest of the least harmful. Empty if it fits as it is; null if nothing here helps.</summary>
    public IReadOnlyList<string>? ChangesToFit(long bytes)
    {
        if (Memory.TotalBytes <= bytes) return [];
        List<string> changes = [];
        long best = Memory.TotalBytes;
        foreach (string change in recipe is PpoRecipe ? PpoChanges : ModelChanges)
        {
            string[] tried = [.. changes.Where(old => change.Split(' ').All(one => one.Split('=')[0] != old.Split('=')[0])), .. change.Split(' ')];
            if (With(tried) is not { } total || total >= best) continue;
            (changes, best) = ([.. tried], total);
            if (best <= bytes) return Needed(changes, bytes);
        }
        return null;
    }

    /// <summary>Refuses a recipe that cannot fit, with the settings to change.</summary>
    /// <exception cref="InvalidInputException">It takes more than there is.</exception>
    public void Demand(long bytes)
    {
        if (Memory.TotalBytes <= bytes) return;
        string what = ChangesToFit(bytes) is { } changes ? $"it would fit with --set {string.Join(" --set ", changes)}" : "no setting makes it fit; take a smaller model or a larger device";
        throw new InvalidInputException($"the recipe takes {MemoryPlan.Size(Memory.TotalBytes)} at its peak, and {Device} has {MemoryPlan.Size(bytes)} free: {what}. --ignore-memory tries all the same.");
    }

    /// <summary>Those changes without which it would not fit.</summary>
    private List<string> Needed(List<string> changes, long bytes)
    {
        foreach (string change in changes.ToArray())
        {
            string[] others = [.. changes.Where(other => other != change)];
            if (With(others) <= bytes) changes = [.. others];
        }
        return changes;
    }

    private long? With(IReadOnlyList<string> sets)
    {
        try
        {
            return MemoryPlanner.Plan(RecipeReader.Parse(recipe.ToYaml(), "recipe", sets), shape, stored, sizes, instructions).TotalBytes;
        }
        catch (InvalidInputException)
        {
            return null; // a change that this recipe cannot have, such as a part larger than the batch
        }
    }

    private static (string Folder, string Device) ModelOf(Recipe recipe) => recipe switch
    {
        PpoRecipe one => (one.Model.Policy, one.Model.Device),
        IModelTrainingRecipe one => (one.Model.Folder, one.Model.Device),
        _ => throw new InvalidOperationException($"No plan for {recipe.GetType().Name}."),
    };

    // bytes of a weight as it will be loaded: by the files where they are there, else by what config.json says
    private static int StoredBytes(Recipe recipe, ModelConfig config)
    {
        (string folder, string device) = ModelOf(recipe);
        ScalarType stored = CheckpointTensors.AreIn(folder) ? ModelCheckpoint.StoredType(folder) : TypeIn(config);
        return TrainingType.Of(null, stored, device) == ScalarType.Float32 ? 4 : 2;
    }

    private static ScalarType TypeIn(ModelConfig config)
    {
        foreach (string field in (string[])["torch_dtype", "dtype"])
            if (config.Source.TryGetProperty(field, out JsonElement type) && type.ValueKind == JsonValueKind.String)
                return type.GetString() switch { "float32" => ScalarType.Float32, "float16" => ScalarType.Float16, _ => ScalarType.BFloat16 };
        return ScalarType.Float32;
    }
}
