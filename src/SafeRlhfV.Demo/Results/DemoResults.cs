using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>
/// Everything that a demo run found: what results.json holds and the report draws (schema: docs/results-schema.md). Rates are fractions 0..1
/// unless a name says points or percent. Parts that a run has not reached are null or empty; the report leaves their sections out.
/// </summary>
public sealed record DemoResults
{
    /// <summary>The schema that this version writes and reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The schema of this document.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>What was run, with which settings.</summary>
    public required RunInfo Run { get; init; }

    /// <summary>Every method, the start first and Safe RLHF-V last, as the exact rater judges them on the held-out prompts.</summary>
    public IReadOnlyList<MethodResult> Methods { get; init; } = [];

    /// <summary>One curve a run of PPO or GRPO.</summary>
    public IReadOnlyList<Trajectory> Trajectories { get; init; } = [];

    /// <summary>RM-V on held-out pairs.</summary>
    public ScoreModelResult? RewardModel { get; init; }

    /// <summary>CM-V on held-out pairs.</summary>
    public ScoreModelResult? CostModel { get; init; }

    /// <summary>Same words, hazard mark removed: one entry a model that was probed (CM-V, guard).</summary>
    public IReadOnlyList<FlipProbeResult> FlipProbes { get; init; } = [];

    /// <summary>What the vision tower sees.</summary>
    public VisionProbeResult? VisionProbe { get; init; }

    /// <summary>Beaver-Guard-V and its filter-and-regenerate rounds.</summary>
    public GuardResult? Guard { get; init; }

    /// <summary>Held-out images with the methods' answers.</summary>
    public IReadOnlyList<GalleryItem> Gallery { get; init; } = [];

    /// <summary>What the run had to reach.</summary>
    public IReadOnlyList<ThresholdResult> Thresholds { get; init; } = [];

    /// <summary>The paper's figures beside this run's.</summary>
    public IReadOnlyList<PaperFigure> PaperFigures { get; init; } = [];

    /// <summary>Wall-clock times and memory; kept in a file of their own, because they differ between two equal runs.</summary>
    public RunTiming? Timing { get; init; }

    /// <summary>True where no enforced threshold was missed.</summary>
    public bool Passed => Thresholds.All(threshold => threshold.Passed || !threshold.Enforced);
}
