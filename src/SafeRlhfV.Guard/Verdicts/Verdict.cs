namespace SafeRlhfV.Guard;

/// <summary>What a moderator found: safe or unsafe, which categories, how severe, a probability each (Beaver-Guard-V, arXiv 2503.17682).</summary>
public sealed record Verdict
{
    /// <summary>Whether the content is unsafe.</summary>
    public required bool IsUnsafe { get; init; }

    /// <summary>Probability that the content is unsafe, 0..1.</summary>
    public required double Score { get; init; }

    /// <summary>
    /// Probability, 0..1, by category: names of <see cref="Taxonomy.Categories"/> or the policy's own. A moderator may name only those that it looked at.
    /// </summary>
    public required IReadOnlyDictionary<string, double> Categories { get; init; }

    /// <summary>The categories that the content falls under; empty where it is safe.</summary>
    public required IReadOnlyList<string> Flagged { get; init; }

    /// <summary><see cref="Severity.None"/> exactly where the content is safe.</summary>
    public required Severity Severity { get; init; }

    /// <summary>Four probabilities in the order of <see cref="Guard.Severity"/>.</summary>
    public required IReadOnlyList<double> SeverityProbabilities { get; init; }

    /// <summary>The name of the moderator that spoke.</summary>
    public required string Moderator { get; init; }

    /// <summary>Why, in the moderator's words, where it gives any.</summary>
    public string? Reason { get; init; }

    /// <summary>What went wrong where the moderator could not judge; such a verdict is unsafe and severe, and is always blocked. Null otherwise.</summary>
    public string? Failure { get; init; }

    /// <summary>
    /// Whether the content cannot be judged by anyone, such as a text that is encoded too many times over; <see cref="Reason"/> says why. Such a verdict is
    /// unsafe and severe, and is always blocked; no moderator has failed.
    /// </summary>
    public bool IsUnreadable { get; init; }

    /// <summary>
    /// What all but the policy's own categories found, where a policy's keywords and patterns had a say: another policy decides about this, with words of its
    /// own. Null where they had none.
    /// </summary>
    internal Verdict? WithoutOwn { get; init; }

    /// <summary>A safe verdict with certainty.</summary>
    public static Verdict Safe(string moderator, double score = 0) => new()
    {
        IsUnsafe = false,
        Score = score,
        Categories = NoCategories,
        Flagged = [],
        Severity = Severity.None,
        SeverityProbabilities = [1 - score, score, 0, 0],
        Moderator = moderator,
    };

    /// <summary>An unsafe verdict of one severity, each flagged category with the probability <paramref name="score"/>.</summary>
    public static Verdict Unsafe(string moderator, Severity severity, IReadOnlyList<string> flagged, double score = 1, string? reason = null)
    {
        if (severity == Severity.None) throw new ArgumentException("An unsafe verdict has a severity.", nameof(severity));
        double[] severities = new double[4];
        severities[0] = 1 - score;
        severities[(int)severity] = score;
        return new()
        {
            IsUnsafe = true,
            Score = score,
            Categories = flagged.Distinct().ToDictionary(name => name, _ => score),
            Flagged = [.. flagged.Distinct()],
            Severity = severity,
            SeverityProbabilities = severities,
            Moderator = moderator,
            Reason = reason,
        };
    }

    /// <summary>The verdict where the moderator failed: unsafe, severe, no category; it is never let through.</summary>
    public static Verdict Failed(string moderator, string failure) => Unsafe(moderator, Severity.Severe, []) with { Failure = failure };

    /// <summary>The verdict on content that nobody can judge: unsafe, severe, no category; it is never let through.</summary>
    public static Verdict Unreadable(string moderator, string reason) => Unsafe(moderator, Severity.Severe, [], reason: reason) with { IsUnreadable = true };

    /// <summary>What makes this verdict unusable (a probability that is none, a contradiction), or null where it is sound.</summary>
    public string? FindFault()
    {
        if (Categories is null || Flagged is null || SeverityProbabilities is null || Moderator is null) return "a part of the verdict is missing";
        if (!IsProbability(Score)) return $"score {Score} is no probability";
        if (SeverityProbabilities.Count != 4) return $"{SeverityProbabilities.Count} severity probabilities instead of 4";
        for (int i = 0; i < 4; i++)
            if (!IsProbability(SeverityProbabilities[i])) return "a severity probability lies outside 0..1";
        if (Severity is < Severity.None or > Severity.Severe) return $"severity {(int)Severity} is unknown";
        if (Categories.Count > 0 && Categories.FirstOrDefault(pair => !IsProbability(pair.Value)) is { Key: { } name })
            return $"the probability of {name} lies outside 0..1";
        if (IsUnsafe != (Severity != Severity.None)) return IsUnsafe ? "unsafe without a severity" : "safe with a severity";
        if (!IsUnsafe && Flagged.Count > 0) return "safe with flagged categories";
        if (!IsUnsafe && Failure is not null) return "safe though the moderator failed";
        if (!IsUnsafe && IsUnreadable) return "safe though the content cannot be judged";
        return null;
    }

    private static IReadOnlyDictionary<string, double> NoCategories { get; } = new Dictionary<string, double>();

    private static bool IsProbability(double value) => value is >= 0 and <= 1;
}
