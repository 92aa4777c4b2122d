namespace SafeRlhfV.Demo;

/// <summary>How one run of PPO or GRPO went, step by step.</summary>
public sealed record Trajectory
{
    /// <summary>The method's key (<see cref="MethodIds"/>).</summary>
    public required string Id { get; init; }

    /// <summary>The name to show.</summary>
    public required string Name { get; init; }

    /// <summary>How lambda moves: "log", "projected", "pid", "fixed" or "none".</summary>
    public string Multiplier { get; init; } = "none";

    /// <summary>The cost budget d; null where the run has none.</summary>
    public double? Budget { get; init; }

    /// <summary>The upper bound of lambda; null where there is none.</summary>
    public double? LambdaMaximum { get; init; }

    /// <summary>The steps.</summary>
    public IReadOnlyList<TrajectoryPoint> Points { get; init; } = [];
}
