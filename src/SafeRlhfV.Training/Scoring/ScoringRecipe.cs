using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Rewards and costs from inference servers: where they are, and how far their scores may be from our own.</summary>
public sealed record ScoringRecipe : ServerClientRecipe
{
    private const string Section = "scoring";
    private const double SingleTolerance = 1e-3, HalfTolerance = 0.1;

    /// <summary>The servers' program.</summary>
    public ScoreServer Server { get; init; } = ScoreServer.Vllm;

    /// <summary>Servers of model.reward.</summary>
    public ScoreServerRecipe? Reward { get; init; }

    /// <summary>Servers of model.cost.</summary>
    public ScoreServerRecipe? Cost { get; init; }

    /// <summary>Servers of one model of both scores, in place of reward and cost.</summary>
    public ScoreServerRecipe? Both { get; init; }

    /// <summary>Rows that each server scores before it is used, to compare its scores with our own.</summary>
    [Range(1, 1e6)]
    public int ProbeRows { get; init; } = 16;

    /// <summary>The largest difference of a score that the comparison allows; null = 1e-3 for float32 weights, 0.1 for bfloat16.</summary>
    [Range(0, 1e6, MinimumIsExclusive = true)]
    public double? ProbeTolerance { get; init; }

    /// <summary>What happens to a response about an image whose text does not give its tokens again.</summary>
    public Retokenised Retokenised { get; init; } = Retokenised.Text;

    /// <summary>Whether the score models leave memory once their servers are checked.</summary>
    internal bool ReleasesModels => Retokenised != Retokenised.Own;

    /// <summary>The tolerance for weights of a type.</summary>
    internal double Tolerance(ScalarType weights) => ProbeTolerance ?? (weights == ScalarType.Float32 ? SingleTolerance : HalfTolerance);

    /// <summary>The servers by the keys of their sections.</summary>
    internal IEnumerable<(string Section, ScoreServerRecipe Servers)> Servers
    {
        get
        {
            if (Reward is not null) yield return ($"{Section}.reward", Reward);
            if (Cost is not null) yield return ($"{Section}.cost", Cost);
            if (Both is not null) yield return ($"{Section}.both", Both);
        }
    }

    /// <summary>Finds what no single key shows to be wrong.</summary>
    internal void Check(PpoModelsRecipe model, RecipeFaults faults)
    {
        foreach ((string section, ScoreServerRecipe servers) in Servers) faults.CheckServers(section, servers.Endpoints);
        faults.CheckKeyVariable(Section, KeyVariable);
        if (model.Sharing == Sharing.Backbone && !faults.Has("model.sharing")) faults.Add(Section,
            "with model.sharing: backbone the score models are adapters of the trainer's own backbone; leave scoring out, or take model.sharing: none");
        if (model.Cost.Length == 0) return; // told elsewhere
        if (model.NamesOneFolder)
        {
            const string One = "model.reward and model.cost name one model of both scores; name its servers as scoring.both alone";
            if (Both is null) faults.Add($"{Section}.both", $"is missing: {One}");
            if (Reward is not null) faults.Add($"{Section}.reward", One);
            if (Cost is not null) faults.Add($"{Section}.cost", One);
            return;
        }
        if (Reward is null && model.HasReward) faults.Add($"{Section}.reward", "is missing: the servers of model.reward");
        if (Reward is not null && !model.HasReward) faults.Add($"{Section}.reward", "is not read: there is no model.reward; leave it out");
        if (Cost is null) faults.Add($"{Section}.cost", "is missing: the servers of model.cost");
        if (Both is not null) faults.Add($"{Section}.both", "is for one model of both scores, named as model.reward and model.cost; leave it out");
    }
}
