namespace SafeRlhfV.Evaluation;

/// <summary>
/// The one number by which logits are divided so that their probabilities fit the labels best (Guo et al. 2017, arXiv 1706.04599): the negative log-likelihood
/// is convex in 1 / T, so that a golden-section search finds its minimum. The order of scores, and with it accuracy at matching thresholds, stays.
/// </summary>
public static class TemperatureScaling
{
    /// <summary>The smallest and largest temperature that is looked at.</summary>
    public const double Least = 0.02, Most = 50;

    private const int Steps = 80;

    /// <summary>The temperature of yes/no logits (both [rows]); 1 without rows.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Fit(IReadOnlyList<double> logits, IReadOnlyList<bool> positive)
    {
        Lengths.MustBeEqual(logits.Count, positive.Count);
        return logits.Count == 0 ? 1 : Minimise(scale =>
        {
            double loss = 0;
            for (int i = 0; i < logits.Count; i++) loss += Softplus((positive[i] ? -1 : 1) * logits[i] * scale);
            return loss;
        });
    }

    /// <summary>The temperature of logits of which one class holds: [rows][classes] and the class of each row; 1 without rows.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Fit(IReadOnlyList<IReadOnlyList<double>> logits, IReadOnlyList<int> classes)
    {
        Lengths.MustBeEqual(logits.Count, classes.Count);
        return logits.Count == 0 ? 1 : Minimise(scale =>
        {
            double loss = 0;
            for (int i = 0; i < logits.Count; i++)
            {
                double largest = logits[i].Max() * scale;
                loss += largest + Math.Log(logits[i].Sum(logit => Math.Exp(logit * scale - largest))) - logits[i][classes[i]] * scale;
            }
            return loss;
        });
    }

    // over log T, where the loss has one minimum since it is convex in the scale 1 / T
    private static double Minimise(Func<double, double> lossOfScale)
    {
        double ratio = (Math.Sqrt(5) - 1) / 2, low = Math.Log(Least), high = Math.Log(Most);
        double left = high - ratio * (high - low), right = low + ratio * (high - low);
        double atLeft = lossOfScale(Math.Exp(-left)), atRight = lossOfScale(Math.Exp(-right));
        for (int i = 0; i < Steps; i++)
        {
            if (atLeft <= atRight)
            {
                (high, right, atRight) = (right, left, atLeft);
                left = high - ratio * (high - low);
                atLeft = lossOfScale(Math.Exp(-left));
            }
            else
            {
                (low, left, atLeft) = (left, right, atRight);
                right = low + ratio * (high - low);
                atRight = lossOfScale(Math.Exp(-right));
            }
        }
        return Math.Exp((low + high) / 2);
    }

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
