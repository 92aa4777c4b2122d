namespace SafeRlhfV.Training;

/// <summary>Where the six roles of PPO come from.</summary>
public sealed record PpoModelsRecipe
{
    /// <summary>The folder of the policy that actor and reference start from; with sharing by backbone, the base that all adapters are on.</summary>
    [Place]
    public string Policy { get; init; } = "";

    /// <summary>The folder of RM-V: a whole model, or with sharing by backbone an adapter with a head. Empty where no score is rewarded.</summary>
    [Place]
    public string Reward { get; init; } = "";

    /// <summary>The folder of CM-V, likewise; the same folder where one model has both scores (train scores), of which the cost alone is used without
    /// a reward model.</summary>
    [Place]
    public string Cost { get; init; } = "";

    /// <summary>The folder of a reward model that gives no reward and judges (training.judge), likewise; empty = none.</summary>
    [Place]
    public string Judge { get; init; } = "";

    /// <summary>Whether reward and cost come from one folder.</summary>
    internal bool NamesOneFolder => HasReward && Path.GetFullPath(Reward) == Path.GetFullPath(Cost);

    /// <summary>Whether there is a reward model.</summary>
    internal bool HasReward => Reward.Length > 0;

    /// <summary>Models (or adapters) that score.</summary>
    internal int Scorers => NamesOneFolder || !HasReward ? 1 : 2;

    /// <summary>Models (or adapters) that are critics, in a trainer that has them.</summary>
    internal int Critics => NamesOneFolder ? 1 : 2;

    /// <summary>Folders of whole models.</summary>
    internal IEnumerable<string> Folders =>
        (Sharing == Sharing.Backbone ? [Policy] : new[] { Policy, Reward, Cost, Judge }.Where(folder => folder.Length > 0)).DistinctBy(Path.GetFullPath);

    /// <summary>Six models, or one backbone.</summary>
    public Sharing Sharing { get; init; } = Sharing.Backbone;

    /// <summary>Type of the weights; null = as they are stored, float16 as bfloat16 (float32 where the device has no bfloat16).</summary>
    public WeightType? Dtype { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The actor's adapter, with sharing by backbone.</summary>
    public LoraRecipe? Lora { get; init; }
}
