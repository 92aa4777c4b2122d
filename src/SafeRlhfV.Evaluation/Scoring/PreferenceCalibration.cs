namespace SafeRlhfV.Evaluation;

/// <summary>
/// How honest a score model's probabilities are. RM-V and CM-V are trained as Bradley-Terry models: sigmoid(score 1 - score 2) is the chance that answer 1
/// has the higher label, and of CM-V sigmoid(score) is the chance that an answer is unsafe.
/// </summary>
/// <param name="Name">"RM-V" or "CM-V".</param>
/// <param name="Order">Of the order of the pairs.</param>
/// <param name="Sign">Of the safe/unsafe labels; null where there are none, as for RM-V.</param>
public sealed record PreferenceCalibration(string Name, Calibration Order, Calibration? Sign)
{
    /// <summary>Measures it on held-out pairs, by their own labels.</summary>
    /// <param name="name">"RM-V" or "CM-V".</param>
    /// <param name="pairs">The pairs.</param>
    public static PreferenceCalibration Measure(string name, IReadOnlyList<ScoredPair> pairs)
    {
        (double Score, bool Unsafe)[] answers =
        [
            .. pairs.SelectMany(pair => new[] { (Score: pair.Score1, Unsafe: pair.Labels.Unsafe1), (Score: pair.Score2, Unsafe: pair.Labels.Unsafe2) })
                .Where(answer => answer.Unsafe is not null).Select(answer => (answer.Score, answer.Unsafe!.Value)),
        ];
        return new(
            name,
            Calibration.Measure([.. pairs.Select(pair => Sigmoid(pair.Score1 - pair.Score2))], [.. pairs.Select(pair => pair.Labels.Higher == 1)]),
            answers.Length == 0 ? null
                : Calibration.Measure([.. answers.Select(answer => Sigmoid(answer.Score))], [.. answers.Select(answer => answer.Unsafe)]));
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
