using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Generalised advantage estimation (Schulman et al. 2016) over valid tokens only, and the Lagrangian's combination of two advantages.</summary>
public static class Advantages
{
    /// <summary>
    /// δ_t = r_t + γ V_{t+1} - V_t, Â_t = δ_t + γλ Â_{t+1}, where t+1 is the row's next valid token and everything after the last one is 0. Padding on either
    /// side (or between turns) takes no part. Runs in float64 on the host: B × T steps of scalar work are cheaper there than T rounds of tiny tensor kernels.
    /// </summary>
    /// <param name="values_BT">V of each token, read at the position before it.</param>
    /// <param name="rewards_BT">r (or c) of each token.</param>
    /// <param name="mask_BT">bool; true is valid.</param>
    /// <param name="gamma">Discount γ.</param>
    /// <param name="lambda">GAE's λ.</param>
    /// <returns>Detached, of the values' type and device.</returns>
    /// <exception cref="ArgumentException">The three shapes differ.</exception>
    public static AdvantageEstimates Gae(Tensor values_BT, Tensor rewards_BT, Tensor mask_BT, double gamma = 1, double lambda = 0.95)
    {
        if (values_BT.dim() != 2 || !values_BT.shape.SequenceEqual(rewards_BT.shape) || !values_BT.shape.SequenceEqual(mask_BT.shape))
            throw new ArgumentException($"Values {Shape(values_BT)}, rewards {Shape(rewards_BT)} and mask {Shape(mask_BT)} must all be [B, T].");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        (int rows, int width) = ((int)values_BT.shape[0], (int)values_BT.shape[1]);
        double[] values = ToHost(values_BT), rewards = ToHost(rewards_BT);
        bool[] mask = mask_BT.cpu().contiguous().data<bool>().ToArray();
        double[] advantages = new double[rows * width], returns = new double[rows * width];
        for (int row = 0; row < rows; row++)
        {
            double nextValue = 0, nextAdvantage = 0;
            for (int at = row * width + width - 1; at >= row * width; at--)
            {
                if (!mask[at]) continue;
                double delta = rewards[at] + gamma * nextValue - values[at];
                advantages[at] = nextAdvantage = delta + gamma * lambda * nextAdvantage;
                nextValue = values[at];
                returns[at] = nextAdvantage + nextValue;
            }
        }
        ScalarType dtype = values_BT.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        return new AdvantageEstimates(FromHost(advantages), FromHost(returns));

        Tensor FromHost(double[] data) => tensor(data).view(rows, width).to(dtype).to(values_BT.device).MoveToOuterDisposeScope();
    }

    /// <summary>A = (A^R - λ A^C) / (1 + λ): the scale stays the same however large the multiplier grows (Safe RLHF, eq. 12).</summary>
    public static Tensor Combine(Tensor reward_BT, Tensor cost_BT, double lambda)
    {
        using var scope = NewDisposeScope();
        return (reward_BT - cost_BT.Times(lambda)).Over(1 + lambda).MoveToOuterDisposeScope();
    }

    private static double[] ToHost(Tensor x) => x.detach().to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();

    private static string Shape(Tensor x) => $"[{string.Join(", ", x.shape)}]";
}
