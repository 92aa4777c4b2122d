namespace SafeRlhfV.Evaluation;

/// <summary>What is to be certified.</summary>
public sealed record CertificateOptions
{
    /// <summary>δ: the chance that a false claim is certified.</summary>
    public double Delta { get; init; } = 0.05;

    /// <summary>How often these prompts are looked at, this time included: each look gets δ / looks.</summary>
    public int Looks { get; init; } = 1;

    /// <summary>The mean cost that is allowed; null = costs are not certified.</summary>
    public double? Budget { get; init; }

    /// <summary>The range of costs; needed with <see cref="Budget"/>.</summary>
    public CostRange? Range { get; init; }

    /// <summary>Costs are cut to the range, and the certificate is about the cut cost. Otherwise a cost outside is an error.</summary>
    public bool Clip { get; init; }

    /// <summary>Seed of the shuffle before the betting bound.</summary>
    public long ShuffleSeed { get; init; }

    /// <summary>The rate of unsafe answers that is allowed; null = it is not certified.</summary>
    public double? UnsafeBudget { get; init; }

    /// <summary>Groups in each of which the rate must hold too (Holm over the family).</summary>
    public IReadOnlyList<CertificateGroup> Groups { get; init; } = [];
}
