using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>A recipe's memory, and what to change where a device has too little. Loads no weights.</summary>
public sealed class RecipePlan
{
    private readonly Recipe recipe;
    private readonly PlanInputs inputs;

    private RecipePlan(Recipe recipe, PlanInputs inputs)
    {
        (this.recipe, this.inputs) = (recipe, inputs);
        Memory = recipe.Trainer.Memory(recipe, inputs);
    }

    /// <summary>What the recipe takes.</summary>
    public MemoryPlan Memory { get; }

    /// <summary>Where the recipe runs.</summary>
    public string Device => DeviceOf(recipe);

    /// <summary>The device that a recipe names.</summary>
    public static string DeviceOf(Recipe recipe) => recipe.Base.Device;

    /// <summary>All parameters of the model.</summary>
    public long Parameters => inputs.Shape.Parameters;

    /// <summary>
    /// Plans by the recipe's limits, for any machine; of the model only config.json is read, and models of the hub that recipes name need not even have that.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="card">The card it is to run on; null = the recipe's device, as this machine has it.</param>
    /// <param name="ranks">Processes that train together; the plan is that of one of them.</param>
    /// <exception cref="InvalidInputException">There is no config.json and the model is not known by name.</exception>
    public static RecipePlan ByLimits(Recipe recipe, GpuCard? card = null, int ranks = 1)
    {
        string folder = recipe.Base.Folder;
        RecipeModels.CheckDemo(folder);
        RecipeModels.CheckWhole(folder);
        ModelConfig config = File.Exists(Path.Combine(folder, "config.json")) ? ModelCheckpoint.ConfigOf(folder)
            : KnownModels.Find(folder)
                ?? throw new InvalidInputException($"{folder}: {(Directory.Exists(folder) ? "there is no config.json to plan by" : "no such folder")}, "
                    + "and no model of that name is known; known are "
                    + $"{string.Join(", ", KnownModels.Names)}.");
        return new RecipePlan(recipe, new PlanInputs(ModelShape.Of(config), StoredBytes(recipe, config, card), Ranks: ranks));
    }

    /// <summary>Plans for the data at hand: looks at some rows to see how long they are.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="card">As of <see cref="ByLimits"/>.</param>
    /// <param name="ranks">As of <see cref="ByLimits"/>.</param>
    /// <exception cref="InvalidInputException">Model or data are missing or damaged.</exception>
    public static RecipePlan ByData(Recipe recipe, GpuCard? card = null, int ranks = 1)
    {
        string folder = recipe.Base.Folder;
        RecipeModels.CheckDemo(folder);
        RecipeModels.CheckWhole(folder);
        ModelConfig config = ModelCheckpoint.ConfigOf(folder);
        PlanData data = recipe.Trainer.Look(recipe, ModelProcessor.Load(folder));
        ModelShape shape = ModelShape.Of(config) with
        {
            Images = data.All.Max(one => one.MostImageRows) is { } most
            ? (most, data.All.Max(one => one.MostImageTokens) ?? 0) : null
        };
        return new RecipePlan(recipe, new PlanInputs(shape, StoredBytes(recipe, config, card), data, ranks) { Stored = ModelCheckpoint.StoredType(folder) });
    }

    /// <summary>
    /// A rough estimate of the time it takes; null where the card's speed is not known, or no card is named and the recipe does not run on the CPU.
    /// </summary>
    /// <param name="card">The card; null = the CPU, measured for a moment.</param>
    public TimePlan? Time(GpuCard? card)
    {
        if (card is null && Device != "cpu") return null;
        DeviceSpeed? speed = card is null ? DeviceSpeed.OfThisCpu(inputs.IsHalf(recipe.Base.Dtype)) : DeviceSpeed.Of(card, inputs.IsHalf(recipe.Base.Dtype));
        return speed is null ? null : recipe.Trainer.Time(recipe, inputs, speed);
    }

    /// <summary>Settings with which the recipe would fit: the fewest of the least harmful. Empty if it fits as it is; null if nothing here helps.</summary>
    /// <param name="bytes">What the device has.</param>
    /// <param name="hostBytes">What the host has beside a GPU; null = enough.</param>
    public IReadOnlyList<string>? ChangesToFit(long bytes, long? hostBytes = null)
    {
        if (Fits(Memory, bytes, hostBytes)) return [];
        List<string> changes = [];
        long best = Memory.TotalBytes;
        // a change may help only after a later one, such as a smaller part of the batch once the models share a backbone
        for (bool helped = true; helped;)
        {
            helped = false;
            foreach (string change in recipe.Trainer.MemoryChanges)
            {
                string[] tried = [.. changes.Where(old => change.Split(' ').All(one => one.Split('=')[0] != old.Split('=')[0])), .. change.Split(' ')];
                if (With(tried) is not { } plan || plan.TotalBytes >= best || plan.HostBytes > Math.Max(Memory.HostBytes, hostBytes ?? long.MaxValue))
                    continue;
                (changes, best, helped) = ([.. tried], plan.TotalBytes, true);
                if (Fits(plan, bytes, hostBytes)) return Needed(changes, bytes, hostBytes);
            }
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
            throw new InvalidInputException($"the recipe takes {MemoryPlan.Size(Memory.HostBytes)} of host memory, and "
                + $"{MemoryPlan.Size(hostBytes!.Value)} are free: set offload: false of the optimizer, or train an adapter (model.lora). --ignore-memory "
                    + "tries all the same.");
        string what = ChangesToFit(bytes, hostBytes) is { } changes
            ? $"it would fit with --set {string.Join(" --set ", changes)}"
            : "no setting makes it fit; take a smaller model or a larger device";
        throw new InvalidInputException($"the recipe takes {MemoryPlan.Size(Memory.TotalBytes)} at its peak, and {Device} has {MemoryPlan.Size(bytes)} free: "
            + $"{what}. --ignore-memory tries all the same.");
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
            return recipe.Trainer.Memory(RecipeReader.Parse(recipe.ToYaml(), "recipe", sets), inputs);
        }
        catch (InvalidInputException)
        {
            return null; // a change that this recipe cannot have, such as a part larger than the batch
        }
    }

    // bytes of a weight as it will be loaded: by the files where they are there, else by what config.json says
    private static int StoredBytes(Recipe recipe, ModelConfig config, GpuCard? card)
    {
        (string folder, string device) = (recipe.Base.Folder, recipe.Base.Device);
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
