namespace SafeRlhfV.Guard.Onnx;

/// <summary>What a model's labels mean: from scores to a verdict.</summary>
/// <param name="Labels">The labels, in the model's order.</param>
/// <param name="Rules">What each means; null: harmless.</param>
internal sealed record LabelMap(IReadOnlyList<string> Labels, IReadOnlyList<LabelRule?> Rules)
{
    /// <summary>The categories that scores fall under, with the highest score and the gravest severity of the labels that hold.</summary>
    public Dictionary<string, (double Score, Severity Severity)> Find(ReadOnlySpan<double> scores)
    {
        Dictionary<string, (double Score, Severity Severity)> found = [];
        for (int i = 0; i < scores.Length; i++)
        {
            if (Rules[i] is not { } rule || rule.Of(scores[i]) is not (not Severity.None and var severity)) continue;
            (double score, Severity before) = found.GetValueOrDefault(rule.Category);
            found[rule.Category] = (Math.Max(score, scores[i]), severity > before ? severity : before);
        }
        return found;
    }

    /// <summary>The verdict on scores; each is a probability.</summary>
    public Verdict Judge(ReadOnlySpan<double> scores, string moderator)
    {
        Dictionary<string, (double Score, Severity Severity)> found = Find(scores);
        Dictionary<string, double> categories = [];
        for (int i = 0; i < scores.Length; i++)
            if (Rules[i] is { } rule) categories[rule.Category] = Math.Max(scores[i], categories.GetValueOrDefault(rule.Category));
        if (found.Count == 0) return Verdict.Safe(moderator, categories.Values.DefaultIfEmpty(0).Max()) with { Categories = categories };
        foreach ((string category, (double score, _)) in found) categories[category] = score;
        return Verdict.Unsafe(moderator, found.Values.Max(one => one.Severity), [.. found.Keys], found.Values.Max(one => one.Score)) with
        {
            Categories = categories,
        };
    }
}
