namespace SafeRlhfV.Evaluation;

/// <summary>A held-out pair with a score model's scores.</summary>
public sealed record ScoredPair
{
    /// <summary>The row's category.</summary>
    public required string Category { get; init; }

    /// <summary>Score of answer 1.</summary>
    public required double Score1 { get; init; }

    /// <summary>Score of answer 2.</summary>
    public required double Score2 { get; init; }

    /// <summary>Score of answer 1 under a grey image; null where not measured.</summary>
    public double? GreyScore1 { get; init; }

    /// <summary>Score of answer 2 under a grey image; null where not measured.</summary>
    public double? GreyScore2 { get; init; }

    /// <summary>The labels of the row, noise and all.</summary>
    public required PairLabels Labels { get; init; }

    /// <summary>The exact rater's labels; null where there is none.</summary>
    public PairLabels? TrueLabels { get; init; }
}
