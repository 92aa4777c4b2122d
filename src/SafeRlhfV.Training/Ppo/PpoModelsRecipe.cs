namespace SafeRlhfV.Training;

/// <summary>Where the six roles of PPO come from.</summary>
public sealed record PpoModelsRecipe
{
    /// <summary>The folder of the policy that actor and reference start from; with sharing by backbone, the base that all adapters are on.</summary>
    [Place]
    public string Policy { get; init; } = "";

    /// <summary>The folder of RM-V: a whole model, or with sharing by backbone an adapter with a head.</summary>
    [Place]
    public string Reward { get; init; } = "";

    /// <summary>The folder of CM-V, likewise; the same folder where one model has both scores (train scores).</summary>
    [Place]
    public string Cost { get; init; } = "";

    /// <summary>Whether reward and cost come from one folder.</summary>
    internal bool NamesOneFolder => Path.GetFullPath(Reward) == Path.GetFullPath(Cost);

    /// <summary>Folders of whole models.</summary>
    internal IEnumerable<string> Folders => (Sharing == Sharing.Backbone ? [Policy] : (string[])[Policy, Reward, Cost]).DistinctBy(Path.GetFullPath);

    /// <summary>Six models, or one backbone.</summary>
    public Sharing Sharing { get; init; } = Sharing.Backbone;

    /// <summary>Type of the weights; null = as they are stored, float16 as bfloat16 (float32 where the device has no bfloat16).</summary>
    public WeightType? Dtype { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The actor's adapter, with sharing by backbone.</summary>
    public LoraRecipe? Lora { get; init; }
}
