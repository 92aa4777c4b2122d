namespace SafeRlhfV.Objectives;

/// <summary>A sampled response with its shaped scores and estimates, on the host. Arrays have one entry a response token.</summary>
/// <param name="LogProbs">log π_old.</param>
/// <param name="Rewards">Shaped rewards r.</param>
/// <param name="Costs">Shaped costs c.</param>
/// <param name="Reward">Of the reward critic; null = it has said nothing, or rewards take no part.</param>
/// <param name="Cost">Of the cost critic; null = it has said nothing, or costs take no part.</param>
public sealed record ShapedResponse<T>(T[] LogProbs, T[] Rewards, T[] Costs, ValueEstimates<T>? Reward = null, ValueEstimates<T>? Cost = null)
    where T : unmanaged
{
    /// <summary>What each token's term of the actor's loss is multiplied by (<see cref="ImportanceWeights"/>); null = 1.</summary>
    public T[]? Weights { get; init; }
}
