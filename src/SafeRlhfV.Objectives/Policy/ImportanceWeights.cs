using System.Numerics;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Corrects a loss for tokens that an inference engine sampled: its probabilities μ differ a little from those that the policy π_old gives in training, by
/// other kernels or another precision. Truncated importance sampling (Yao et al. 2025, "Your efficient RL framework secretly brings you off-policy RL
/// training").
/// </summary>
public static class ImportanceWeights
{
    /// <summary>w_t = min(π_old / μ, C) of each token: constants that its loss is multiplied by.</summary>
    /// <param name="logProbs">log π_old, by the policy's own pass.</param>
    /// <param name="engineLogProbs">log μ, as the engine reports it.</param>
    /// <param name="cap">C.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static T[] Truncated<T>(ReadOnlySpan<T> logProbs, ReadOnlySpan<T> engineLogProbs, double cap) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (logProbs.Length != engineLogProbs.Length)
            throw new ArgumentException($"{logProbs.Length} tokens, and the engine's log-probabilities of {engineLogProbs.Length}.");
        T[] weights = new T[logProbs.Length];
        T most = T.CreateChecked(Math.Log(cap)); // before exp, which could overflow
        for (int t = 0; t < weights.Length; t++) weights[t] = T.Exp(T.Min(logProbs[t] - engineLogProbs[t], most));
        return weights;
    }
}
