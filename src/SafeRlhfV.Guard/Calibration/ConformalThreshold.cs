namespace SafeRlhfV.Guard;

/// <summary>
/// A threshold with a guarantee on how many unsafe examples it misses, or on the loss of missing them, chosen on held-out examples that are exchangeable with
/// those to come (conformal risk control; Angelopoulos et al. 2022, arXiv 2208.02814), and the false alarms it costs.
/// </summary>
public sealed record ConformalThreshold
{
    /// <summary>Content is unsafe from this score on. 0 where too few examples were given for the target: then everything is flagged.</summary>
    public required double Threshold { get; init; }

    /// <summary>The targets that too few examples were given for.</summary>
    public required IReadOnlyList<MissTarget> Unreachable { get; init; }

    /// <summary>The share of the unsafe examples given that it misses; with losses, their mean loss.</summary>
    public required double MissRate { get; init; }

    /// <summary>The share of the safe examples given that it flags; NaN where none were given.</summary>
    public required double FalseAlarmRate { get; init; }

    /// <summary>Chooses the highest threshold that keeps every target.</summary>
    /// <param name="examples">Held-out examples, not those the guard was trained on.</param>
    /// <param name="targets">The targets.</param>
    /// <param name="confidence">
    /// Null: the miss rate to be expected over draws of the examples is at most the target. A number such as 0.95: for that share of draws,
    /// the miss rate of the threshold is at most the target, which is stricter and needs more examples.
    /// </param>
    /// <param name="largestLoss">The largest loss of an example possible. Targets bound the mean loss; where every loss is 1, that is the miss rate.</param>
    /// <exception cref="ArgumentException">
    /// A target, score, loss or confidence lies outside its range, there are no targets, or a confidence is asked for while losses differ.
    /// </exception>
    public static ConformalThreshold Choose(
        IReadOnlyList<LabelledScore> examples, IReadOnlyList<MissTarget> targets, double? confidence = null, double largestLoss = 1)
    {
        if (targets.Count == 0) throw new ArgumentException("At least one target is needed.", nameof(targets));
        if (targets.Any(target => target.MissRate is not (> 0 and < 1) || target.Severity == Severity.None))
            throw new ArgumentException("A target is a share above 0 and below 1 of unsafe examples.", nameof(targets));
        if (examples.Any(example => example.Score is not (>= 0 and <= 1))) throw new ArgumentException("A score lies outside 0..1.", nameof(examples));
        if (examples.Any(example => !(example.Loss >= 0 && example.Loss <= largestLoss)))
            throw new ArgumentException("A loss lies outside 0 and the largest loss.", nameof(examples));
        if (confidence is not null and not (> 0 and < 1)) throw new ArgumentException("The confidence lies above 0 and below 1.", nameof(confidence));
        if (confidence is not null && examples.Any(example => example.Loss != 1))
            throw new ArgumentException("A confidence counts misses: every loss is 1.", nameof(confidence));

        double threshold = 1;
        List<MissTarget> unreachable = [];
        foreach (MissTarget target in targets)
        {
            LabelledScore[] sorted =
            [
                .. examples.Where(example => target.Severity is null ? example.Severity != Severity.None : example.Severity == target.Severity)
                    .OrderBy(example => example.Score),
            ];
            int rank = confidence is { } level ? HighestRank(sorted.Length, target, level) : HighestRank(sorted, target.MissRate, largestLoss);
            if (rank == 0) unreachable.Add(target);

            // Flagging from the k-th smallest score on misses what lies strictly below: a share distributed as Beta(k, n - k + 1), or less where scores tie.
            threshold = Math.Min(threshold, rank == 0 ? 0 : rank > sorted.Length ? 1 : sorted[rank - 1].Score);
        }
        double[] safeScores = [.. examples.Where(example => example.Severity == Severity.None).Select(example => example.Score)];
        return new()
        {
            Threshold = threshold,
            Unreachable = unreachable,
            MissRate = Risk(examples, threshold),
            FalseAlarmRate = Share(safeScores, score => score >= threshold),
        };
    }

    /// <summary>The mean loss of the unsafe examples that a threshold misses; NaN where there are none.</summary>
    public static double Risk(IReadOnlyList<LabelledScore> examples, double threshold)
    {
        LabelledScore[] harmful = [.. examples.Where(example => example.Severity != Severity.None)];
        return harmful.Length == 0 ? double.NaN : harmful.Sum(example => example.Score < threshold ? example.Loss : 0) / harmful.Length;
    }

    // The largest k whose misses, with one more of the largest loss, stay below the target: (lost + B) / (n + 1) <= alpha. n + 1: nothing needs to be flagged.
    private static int HighestRank(LabelledScore[] sorted, double alpha, double largestLoss)
    {
        double lost = largestLoss;
        for (int k = 0; k <= sorted.Length; k++)
        {
            if (lost > alpha * (sorted.Length + 1)) return k;
            if (k < sorted.Length) lost += sorted[k].Loss;
        }
        return sorted.Length + 1;
    }

    private static int HighestRank(int count, MissTarget target, double confidence) => target.Upcoming is { } upcoming
        ? HighestRank(count, upcoming, target.MissRate, confidence)
        : HighestRank(count, target.MissRate, confidence);

    // The largest k with P(Binomial(n, rate) >= k) >= confidence, which is P(Beta(k, n - k + 1) <= rate).
    private static int HighestRank(int count, double rate, double confidence)
    {
        double below = 0, logTerm = count * Math.Log(1 - rate);
        for (int k = 0; k < count; k++)
        {
            below += Math.Exp(logTerm); // P(Binomial <= k)
            if (1 - below < confidence) return k;
            logTerm += Math.Log((double)(count - k) / (k + 1)) + Math.Log(rate) - Math.Log(1 - rate);
        }
        return count;
    }

    // The same for m examples to come: of n + m exchangeable scores, as many of the m lie below the k-th of the n as a negative hypergeometric variable says.
    private static int HighestRank(int count, int upcoming, double rate, double confidence)
    {
        double[] logFactorials = new double[count + upcoming + 1];
        for (int i = 1; i < logFactorials.Length; i++) logFactorials[i] = logFactorials[i - 1] + Math.Log(i);
        double LogChoose(int n, int k) => logFactorials[n] - logFactorials[k] - logFactorials[n - k];
        int allowed = (int)Math.Floor(rate * upcoming + 1e-9);
        for (int k = 1; k <= count; k++)
        {
            double held = 0;
            for (int missed = 0; missed <= allowed; missed++)
                held += Math.Exp(LogChoose(missed + k - 1, missed)
                    + LogChoose(upcoming - missed + count - k, upcoming - missed) - LogChoose(count + upcoming, upcoming));
            if (held < confidence) return k - 1;
        }
        return count;
    }

    private static double Share(double[] scores, Func<double, bool> counts) => scores.Length == 0 ? double.NaN : (double)scores.Count(counts) / scores.Length;
}
