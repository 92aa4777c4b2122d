namespace SafeRlhfV.Evaluation;

/// <summary>What <c>align</c> measured.</summary>
public sealed record AlignResults
{
    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>The name of the model that all began with.</summary>
    public required string Model { get; init; }

    /// <summary>The name of the data.</summary>
    public required string Data { get; init; }

    /// <summary>The gates.</summary>
    public required IReadOnlyList<GateResult> Gates { get; init; }

    /// <summary>The held-out RM-V and CM-V on the test split's pairs.</summary>
    public required IReadOnlyList<ScoreModelResult> Judges { get; init; }

    /// <summary>What they say of the answers.</summary>
    public required IReadOnlyList<HeadFigure> Heads { get; init; }

    /// <summary>Win rates and benchmarks.</summary>
    public required Comparison Compared { get; init; }
}
