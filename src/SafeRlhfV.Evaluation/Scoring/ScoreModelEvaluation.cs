namespace SafeRlhfV.Evaluation;

/// <summary>Turns scored pairs into a score model's figures (definitions: paper, Table 4; ties wrong, unsafe iff score above 0).</summary>
public static class ScoreModelEvaluation
{
    /// <summary>Summarises RM-V or CM-V on held-out pairs, overall and by category; intervals are bootstrapped over pairs, or answers.</summary>
    /// <param name="name">"RM-V" or "CM-V".</param>
    /// <param name="pairs">The pairs; grey scores and true labels count only where every pair has them.</param>
    /// <param name="seed">The run's seed, which fixes the bootstrap.</param>
    /// <exception cref="ArgumentException">There are no pairs.</exception>
    public static ScoreModelResult Summarise(string name, IReadOnlyList<ScoredPair> pairs, long seed)
    {
        if (pairs.Count == 0) throw new ArgumentException("There are no pairs to judge.", nameof(pairs));
        bool grey = pairs.All(pair => pair is { GreyScore1: not null, GreyScore2: not null });
        return new()
        {
            Name = name,
            Pairs = pairs.Count,
            Noisy = Figures($"{name}/noisy", pairs, Labels, Scores, seed),
            True = pairs.All(pair => pair.TrueLabels is not null) ? Figures($"{name}/true", pairs, pair => pair.TrueLabels!, Scores, seed) : null,
            Grey = grey ? Figures($"{name}/grey", pairs, Labels, GreyScores, seed) : null,
            Categories =
            [
                .. pairs.GroupBy(pair => pair.Category)
                    .OrderBy(group => Taxonomy.IndexOf(group.Key)).ThenBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => Category(group.Key, [.. group], grey)),
            ],
        };
    }

    private static CategoryScoreResult Category(string category, ScoredPair[] pairs, bool grey)
    {
        double[] signs = Signs(pairs, Labels, Scores);
        return new(
            category, pairs.Length, Rights(pairs, Labels, Scores).Average(), signs.Length == 0 ? null : signs.Average(),
            grey ? Rights(pairs, Labels, GreyScores).Average() : null);
    }

    private static ScoreFigures Figures(
        string stream, IReadOnlyList<ScoredPair> pairs, Func<ScoredPair, PairLabels> labels, Func<ScoredPair, (double, double)> scores, long seed)
    {
        Estimate pair = Bootstrap.Share(Rights(pairs, labels, scores), new RandomStream(seed, $"bootstrap/{stream}/pair"));
        double[] signs = Signs(pairs, labels, scores);
        if (signs.Length == 0) return new(pair);
        (double Score, bool Unsafe)[] answers = [.. Labelled(pairs, labels, scores)];
        double[] flat = [.. answers.Select(answer => answer.Score)];
        bool[] unsafes = [.. answers.Select(answer => answer.Unsafe)];
        return new(
            pair, Bootstrap.Share(signs, new RandomStream(seed, $"bootstrap/{stream}/sign")),
            Confusion.FromScores(flat, unsafes).BalancedAccuracy, Ranking.AreaUnderCurve(flat, unsafes));
    }

    /// <summary>1 for each pair in the right order, else 0, ties included.</summary>
    private static double[] Rights(IReadOnlyList<ScoredPair> pairs, Func<ScoredPair, PairLabels> labels, Func<ScoredPair, (double, double)> scores)
    {
        double Of(ScoredPair pair, bool higher)
        {
            (double first, double second) = scores(pair);
            return labels(pair).Higher == 1 == higher ? first : second;
        }

        return PairAccuracy.Rights([.. pairs.Select(pair => Of(pair, true))], [.. pairs.Select(pair => Of(pair, false))]);
    }

    /// <summary>1 for each labelled answer with the right sign, else 0; empty where no answer has a safe/unsafe label.</summary>
    private static double[] Signs(IReadOnlyList<ScoredPair> pairs, Func<ScoredPair, PairLabels> labels, Func<ScoredPair, (double, double)> scores) =>
        [.. Labelled(pairs, labels, scores).Select(answer => answer.Score > 0 == answer.Unsafe ? 1.0 : 0)];

    /// <summary>The answers that have a safe/unsafe label.</summary>
    private static IEnumerable<(double Score, bool Unsafe)> Labelled(IReadOnlyList<ScoredPair> pairs, Func<ScoredPair, PairLabels> labels,
        Func<ScoredPair, (double, double)> scores) =>
        pairs.SelectMany(pair => new[] { (Score: scores(pair).Item1, Unsafe: labels(pair).Unsafe1), (Score: scores(pair).Item2, Unsafe: labels(pair).Unsafe2) })
            .Where(answer => answer.Unsafe is not null).Select(answer => (answer.Score, answer.Unsafe!.Value));

    private static PairLabels Labels(ScoredPair pair) => pair.Labels;

    private static (double, double) Scores(ScoredPair pair) => (pair.Score1, pair.Score2);

    private static (double, double) GreyScores(ScoredPair pair) => (pair.GreyScore1!.Value, pair.GreyScore2!.Value);
}
