using System.Text.Json;
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
    public string Device => DeviceOf(recipe);

    /// <summary>The device that a recipe names.</summary>
    public static string DeviceOf(Recipe recipe) => ModelOf(recipe).Device;

    /// <summary>All parameters of the model.</summary>
    public long Parameters => shape.Parameters;

    /// <summary>Plans by the recipe's limits, for any machine; of the model only config.json is read, and models of the hub that recipes name need not even have that.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="card">The card it is to run on; null = the recipe's device, as this machine has it.</param>
    /// <exception cref="InvalidInputException">There is no config.json and the model is not known by name.</exception>
    public static RecipePlan ByLimits(Recipe recipe, GpuCard? card = null)
    {
        string folder = ModelOf(recipe).Folder;
        ModelConfig config = File.Exists(Path.Combine(folder, "config.json")) ? ModelConfig.Load(folder)
            : KnownModels.Find(folder) ?? throw new InvalidInputException($"{folder}: there is no config.json to plan by, and no model of that name is known; known are {string.Join(", ", KnownModels.Names)}.");
        return new RecipePlan(recipe, ModelShape.Of(config), StoredBytes(recipe, config, card), null, null);
    }

    /// <summary>Plans for the data at hand: looks at some rows to see how long they are.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="card">As of <see cref="ByLimits"/>.</param>
    /// <exception cref="InvalidInputException">Model or data are missing or damaged.</exception>
    public static RecipePlan ByData(Recipe recipe, GpuCard? card = null)
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
        PlanSizes sizes = PlanSizes.Look(data, processor, lengths, prompts: recipe is PpoRecipe);
        if (recipe is GuardRecipe { Data.SafePrompts: { } safe }) sizes = sizes with { PromptTokens = Math.Max(sizes.PromptTokens, PlanSizes.Look(safe, processor, lengths, prompts: true).PromptTokens) };
        PlanSizes[] all = [.. new[] { sizes, instructions }.OfType<PlanSizes>()];
        ModelShape shape = ModelShape.Of(config) with { Images = all.Max(one => one.MostImageRows) is { } most ? (most, all.Max(one => one.MostImageTokens) ?? 0) : null };
        return new RecipePlan(recipe, shape, StoredBytes(recipe, config, card), sizes, instructions);
    }

    /// <summary>A rough estimate of the time it takes; null where the card's speed is not known, or no card is named and the recipe does not run on the CPU.</summary>
    /// <param name="card">The card; null = the CPU, measured for a moment.</param>
    public TimePlan? Time(GpuCard? card)
    {
        if (card is null && Device != "cpu") return null;
        bool half = MemoryPlanner.IsHalf(ModelOf(recipe).Dtype, stored);
        return (card is null ? DeviceSpeed.OfThisCpu(half) : DeviceSpeed.Of(card, half)) is { } speed ? TimePlanner.Plan(recipe, shape, half, speed, sizes, instructions) : null;
    }

    /// <summary>Settings with which the recipe would fit: the fewest of the least harmful. Empty if it fits as it is; null if nothing here helps.</summary>
    /// <param name="bytes">What the device has.</param>
    /// <param name="hostBytes">What the host has beside a GPU; null = enough.</param>
    public IReadOnlyList<string>? ChangesToFit(long bytes, long? hostBytes = null)
    {
        if (Fits(Memory, bytes, hostBytes)) return [];
        List<string> changes = [];
        long best = Memory.TotalBytes;
        foreach (string change in recipe is PpoRecipe ? PpoChanges : ModelChanges)
        {
            string[] tried = [.. changes.Where(old => change.Split(' ').All(one => one.Split('=')[0] != old.Split('=')[0])), .. change.Split(' ')];
            if (With(tried) is not { } plan || plan.TotalBytes >= best || plan.HostBytes > Math.Max(Memory.HostBytes, hostBytes ?? long.MaxValue)) continue;
            (changes, best) = ([.. tried], plan.TotalBytes);
            if (Fits(plan, bytes, hostBytes)) return Needed(changes, bytes, hostBytes);
        }
        return null;
    }

    /// <summary>Refuses a recipe that cannot fit, with the settings to change.</summary>
    /// <param name="bytes">What the device has free.</param>
    /// <param name="hostBytes">What the host has free beside a GPU; null = that cannot be told, or the device is the host.</param>
    /// <exception cref="InvalidInputException">It takes more than there is.</exception>
    public void Demand(long bytes, long? hostBytes = null)
    {
        if (Fits(Memory, bytes, hostBytes)) return;
        if (Memory.TotalBytes <= bytes)
            throw new InvalidInputException($"the recipe takes {MemoryPlan.Size(Memory.HostBytes)} of host memory, and {MemoryPlan.Size(hostBytes!.Value)} are free: set offload: false of the optimizer, or train an adapter (model.lora). --ignore-memory tries all the same.");
        string what = ChangesToFit(bytes, hostBytes) is { } changes ? $"it would fit with --set {string.Join(" --set ", changes)}" : "no setting makes it fit; take a smaller model or a larger device";
        throw new InvalidInputException($"the recipe takes {MemoryPlan.Size(Memory.TotalBytes)} at its peak, and {Device} has {MemoryPlan.Size(bytes)} free: {what}. --ignore-memory tries all the same.");
    }

    /// <summary>Those changes without which it would not fit.</summary>
    private List<string> Needed(List<string> changes, long bytes, long? hostBytes)
    {
        foreach (string change in changes.ToArray())
        {
            string[] others = [.. changes.Where(other => other != change)];
            if (With(others) is { } plan && Fits(plan, bytes, hostBytes)) changes = [.. others];
        }
        return changes;
    }

    private static bool Fits(MemoryPlan plan, long bytes, long? hostBytes) => plan.TotalBytes <= bytes && plan.HostBytes <= (hostBytes ?? long.MaxValue);

    private MemoryPlan? With(IReadOnlyList<string> sets)
    {
        try
        {
            return MemoryPlanner.Plan(RecipeReader.Parse(recipe.ToYaml(), "recipe", sets), shape, stored, sizes, instructions);
        }
        catch (InvalidInputException)
        {
            return null; // a change that this recipe cannot have, such as a part larger than the batch
        }
    }

    private static (string Folder, string Device, WeightType? Dtype) ModelOf(Recipe recipe) => recipe switch
    {
        PpoRecipe one => (one.Model.Policy, one.Model.Device, one.Model.Dtype),
        IModelTrainingRecipe one => (one.Model.Folder, one.Model.Device, one.Model.Dtype),
        _ => throw new InvalidOperationException($"No plan for {recipe.GetType().Name}."),
    };

    // bytes of a weight as it will be loaded: by the files where they are there, else by what config.json says
    private static int StoredBytes(Recipe recipe, ModelConfig config, GpuCard? card)
    {
        (string folder, string device, _) = ModelOf(recipe);
        ScalarType stored = CheckpointTensors.AreIn(folder) ? ModelCheckpoint.StoredType(folder) : TypeIn(config);
        return TrainingType.Of(null, stored, card?.HasBfloat16 ?? DeviceMemory.HasBfloat16(device)) == ScalarType.Float32 ? 4 : 2;
    }

    private static ScalarType TypeIn(ModelConfig config)
    {
        foreach (string field in (string[])["torch_dtype", "dtype"])
            if (config.Source.TryGetProperty(field, out JsonElement type) && type.ValueKind == JsonValueKind.String)
                return type.GetString() switch { "float32" => ScalarType.Float32, "float16" => ScalarType.Float16, _ => ScalarType.BFloat16 };
        return ScalarType.Float32;
    }
}
