using System.Numerics;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Generalised advantage estimation (Schulman et al. 2016) over one response, and the Lagrangian's combination of two advantages.</summary>
public static class Advantages
{
    /// <summary>
    /// δ_t = r_t + γ V_{t+1} - V_t, Â_t = δ_t + γλ Â_{t+1}, where everything after the last token is 0; the return is Â_t + V_t. Works on the tokens of one
    /// response on the host, so there is no padding, and computes in float64.
    /// </summary>
    /// <param name="values">V of each token, read at the position before it.</param>
    /// <param name="rewards">r (or c) of each token.</param>
    /// <param name="gamma">Discount γ.</param>
    /// <param name="lambda">GAE's λ.</param>
    /// <param name="advantages">Receives Â.</param>
    /// <param name="returns">Receives Â + V, the critic's target.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Gae<T>(ReadOnlySpan<T> values, ReadOnlySpan<T> rewards, double gamma, double lambda, Span<T> advantages, Span<T> returns)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (rewards.Length != values.Length || advantages.Length != values.Length || returns.Length != values.Length)
            throw new ArgumentException($"{values.Length} values, {rewards.Length} rewards: every token needs one of each, and room for its advantage and "
                + "return.");
        double nextValue = 0, nextAdvantage = 0;
        for (int at = values.Length - 1; at >= 0; at--)
        {
            double value = double.CreateChecked(values[at]);
            double delta = double.CreateChecked(rewards[at]) + gamma * nextValue - value;
            nextAdvantage = delta + gamma * lambda * nextAdvantage;
            nextValue = value;
            advantages[at] = T.CreateChecked(nextAdvantage);
            returns[at] = T.CreateChecked(nextAdvantage + nextValue);
        }
    }

    /// <summary>A = (A^R - λ A^C) / (1 + λ): the scale stays the same however large the multiplier grows (Safe RLHF, eq. 12).</summary>
    public static Tensor Combine(Tensor reward_BT, Tensor cost_BT, double lambda)
    {
        using var scope = NewDisposeScope();
        return (reward_BT - cost_BT.Times(lambda)).Over(1 + lambda).MoveToOuterDisposeScope();
    }
}
