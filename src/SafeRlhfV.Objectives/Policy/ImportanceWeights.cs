using System.Numerics;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Corrects a loss for tokens that an inference engine sampled: its probabilities μ differ a little from those that the policy π_old gives in training, by
/// other kernels or another precision. Truncated importance sampling (Yao et al. 2025, "Your efficient RL framework secretly brings you off-policy RL
/// training").
/// </summary>
public static class ImportanceWeights
{
    /// <summary>π_old / μ of each token, or of the whole answer at each of its tokens, within bounds.</summary>
    /// <param name="logProbs">log π_old, by the policy's own pass.</param>
    /// <param name="engineLogProbs">log μ, as the engine reports it; NaN = not known, and the weight is 1.</param>
    /// <param name="options">The bounds.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static T[] Of<T>(ReadOnlySpan<T> logProbs, ReadOnlySpan<T> engineLogProbs, ImportanceOptions options) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (logProbs.Length != engineLogProbs.Length)
            throw new ArgumentException($"{logProbs.Length} tokens, and the engine's log-probabilities of {engineLogProbs.Length}.");
        T[] differences = new T[logProbs.Length];
        for (int t = 0; t < differences.Length; t++) differences[t] = T.IsNaN(engineLogProbs[t]) ? T.Zero : logProbs[t] - engineLogProbs[t];
        if (options.WholeAnswer)
        {
            T sum = T.Zero;
            foreach (T difference in differences) sum += difference;
            Array.Fill(differences, sum);
        }
        // bounds are compared before exp, which could overflow
        T most = T.CreateChecked(options.Maximum is { } maximum ? Math.Log(maximum) : double.PositiveInfinity);
        T least = T.CreateChecked(options.Minimum is { } minimum ? Math.Log(minimum) : double.NegativeInfinity);
        return Array.ConvertAll(differences, difference => options.Masks && (difference > most || difference < least)
            ? T.Zero
            : T.Exp(T.Clamp(difference, least, most)));
    }
}
