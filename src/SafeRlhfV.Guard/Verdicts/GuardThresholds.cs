namespace SafeRlhfV.Guard;

/// <summary>Turns probabilities into a verdict: from which probability on content counts as unsafe and a category as flagged.</summary>
public sealed record GuardThresholds
{
    /// <summary>Content is unsafe from this probability on, 0..1.</summary>
    public double Unsafe { get; init; } = 0.5;

    /// <summary>A category is flagged from this probability on, 0..1, where <see cref="Categories"/> does not name it.</summary>
    public double Category { get; init; } = 0.5;

    /// <summary>Thresholds of single categories, 0..1.</summary>
    public IReadOnlyDictionary<string, double> Categories { get; init; } = new Dictionary<string, double>();

    /// <summary>The verdict for the guard model's outputs.</summary>
    /// <param name="unsafeProbability">Probability that the content is unsafe.</param>
    /// <param name="categoryProbabilities">[20], in the order of <see cref="Taxonomy.Categories"/>.</param>
    /// <param name="severityProbabilities">[4], in the order of <see cref="Severity"/>.</param>
    /// <param name="moderator">The moderator's name.</param>
    /// <exception cref="ArgumentException">A list has the wrong length, or a value is no probability.</exception>
    public Verdict Judge(double unsafeProbability, IReadOnlyList<double> categoryProbabilities, IReadOnlyList<double> severityProbabilities, string moderator)
    {
        if (categoryProbabilities.Count != Taxonomy.Categories.Count)
            throw new ArgumentException($"{categoryProbabilities.Count} category probabilities instead of {Taxonomy.Categories.Count}.",
                nameof(categoryProbabilities));
        Dictionary<string, double> byName = new(categoryProbabilities.Count);
        for (int i = 0; i < categoryProbabilities.Count; i++) byName[Taxonomy.Categories[i]] = categoryProbabilities[i];
        Verdict verdict = Judge(unsafeProbability, byName, severityProbabilities, moderator);
        return verdict.FindFault() is { } fault ? throw new ArgumentException($"No verdict can be made: {fault}.") : verdict;
    }

    /// <summary>The same verdict decided again under these thresholds; a failed one stays as it is.</summary>
    public Verdict Rejudge(Verdict verdict) => verdict.Failure is not null
        ? verdict
        : Judge(verdict.Score, verdict.Categories, verdict.SeverityProbabilities, verdict.Moderator) with { Reason = verdict.Reason };

    private Verdict Judge(double score, IReadOnlyDictionary<string, double> categories, IReadOnlyList<double> severities, string moderator)
    {
        bool isUnsafe = !(score < Unsafe); // NaN counts as unsafe
        return new()
        {
            IsUnsafe = isUnsafe,
            Score = score,
            Categories = categories,
            Flagged = isUnsafe ? Flag(categories) : [],
            Severity = isUnsafe ? GravestLikely(severities) : Severity.None,
            SeverityProbabilities = severities,
            Moderator = moderator,
        };
    }

    // Unsafe content always names a category where any was looked at: the likeliest, if none reaches its threshold.
    private string[] Flag(IReadOnlyDictionary<string, double> categories)
    {
        string[] flagged = [.. categories.Where(pair => pair.Value >= Categories.GetValueOrDefault(pair.Key, Category)).Select(pair => pair.Key)];
        if (flagged.Length > 0 || categories.Count == 0) return flagged;
        KeyValuePair<string, double> likeliest = categories.MaxBy(pair => pair.Value);
        return likeliest.Value > 0 ? [likeliest.Key] : [];
    }

    private static Severity GravestLikely(IReadOnlyList<double> severities)
    {
        int best = (int)Severity.Minor;
        for (int i = best + 1; i < severities.Count; i++)
            if (severities[i] >= severities[best]) best = i; // of equals the graver
        return (Severity)best;
    }
}
