using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Reward and cost of a batch of texts.</summary>
/// <param name="Reward_B">R; null where nothing gives it.</param>
/// <param name="Cost_B">C.</param>
public sealed record PairedScores(Tensor? Reward_B, Tensor Cost_B)
{
    /// <summary>Standard deviation of R over its heads; null = it has one head.</summary>
    public Tensor? RewardStd_B { get; init; }

    /// <summary>The mean of the heads of R that are kept from it; null = none are.</summary>
    public Tensor? Judge_B { get; init; }

    /// <summary>Standard deviation of C over its heads; null = it has one head.</summary>
    public Tensor? CostStd_B { get; init; }

    /// <summary>1 where the heads of C are not all on one side of 0; null = it has one head.</summary>
    public Tensor? CostSplits_B { get; init; }
}
