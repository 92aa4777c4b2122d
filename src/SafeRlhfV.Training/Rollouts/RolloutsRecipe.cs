using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Rollouts on inference servers: where they are, how the actor gets there, and how far its numbers may be from our own.</summary>
public sealed record RolloutsRecipe : ServerClientRecipe
{
    private const double SingleTolerance = 5e-4, HalfTolerance = 0.5;

    /// <summary>The servers' program.</summary>
    public RolloutServer Server { get; init; } = RolloutServer.Vllm;

    /// <summary>Addresses of the servers, such as http://127.0.0.1:8000; all serve model.policy. Requests are spread over them, and one may fail.</summary>
    [Place]
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    /// <summary>The name under which the policy is served; empty = the first name that a server lists.</summary>
    [Place]
    public string Model { get; init; } = "";

    /// <summary>The folder that adapters and weights are written to, and that the servers read; empty = rollouts in the run's folder.</summary>
    [Place]
    public string Folder { get; init; } = "";

    /// <summary>The same folder as the servers name it; empty = the same path.</summary>
    [Place]
    public string ServerFolder { get; init; } = "";

    /// <summary>Whether replies are read as streams: a server that stops in the middle is noticed after timeout_seconds of silence.</summary>
    [Place]
    public bool Stream { get; init; }

    /// <summary>Prompts that each server answers after each load, to compare its log-probabilities with our own.</summary>
    [Range(1, 1e6)]
    public int ProbeRows { get; init; } = 2;

    /// <summary>The largest difference of a log-probability that the comparison allows, in nats; null = 5e-4 for float32 weights, 0.5 for bfloat16.</summary>
    [Range(0, 1e6, MinimumIsExclusive = true)]
    public double? ProbeTolerance { get; init; }

    /// <summary>C: an importance weight is at most this.</summary>
    [Range(1, 1e12)]
    public double WeightCap { get; init; } = 2;

    /// <summary>An importance weight is at least this; null = any.</summary>
    [Range(0, 1, MinimumIsExclusive = true)]
    public double? WeightFloor { get; init; }

    /// <summary>What is outside cap and floor is left out of the loss (weight 0) instead of cut to them.</summary>
    public bool WeightMasks { get; init; }

    /// <summary>One importance weight a response, of the product of its tokens' ratios, instead of one a token.</summary>
    public bool WeightWhole { get; init; }

    /// <summary>The bounds of importance weights.</summary>
    internal ImportanceOptions Weights => new(WeightCap, WeightFloor, WeightMasks, WeightWhole);

    /// <summary>The tolerance for weights of a type.</summary>
    internal double Tolerance(ScalarType weights) => ProbeTolerance ?? (weights == ScalarType.Float32 ? SingleTolerance : HalfTolerance);

    /// <summary>Finds what no single key shows to be wrong.</summary>
    internal void Check(RecipeFaults faults)
    {
        faults.CheckServers("rollouts", Endpoints);
        faults.CheckKeyVariable("rollouts", KeyVariable);
        if (Stream && Server == RolloutServer.Sglang) faults.Add("rollouts.stream", "replies of SGLang are read whole; set false");
        if (ServerFolder.Length > 0 && Folder.Length == 0)
            faults.Add("rollouts.server_folder", "names rollouts.folder as the servers see it; give rollouts.folder, too");
    }
}
