namespace SafeRlhfV.Evaluation;

/// <summary>A score model (RM-V or CM-V) on held-out pairs.</summary>
public sealed record ScoreModelResult
{
    /// <summary>"RM-V" or "CM-V".</summary>
    public required string Name { get; init; }

    /// <summary>Held-out pairs.</summary>
    public required int Pairs { get; init; }

    /// <summary>Against the labels as they stand, noise and all.</summary>
    public required ScoreFigures Noisy { get; init; }

    /// <summary>Against the exact rater's labels.</summary>
    public ScoreFigures? True { get; init; }

    /// <summary>Against the noisy labels, every image replaced by plain grey.</summary>
    public ScoreFigures? Grey { get; init; }

    /// <summary>By category, noisy labels, in the taxonomy's order.</summary>
    public IReadOnlyList<CategoryScoreResult> Categories { get; init; } = [];
}
