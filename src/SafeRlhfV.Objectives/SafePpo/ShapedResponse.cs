namespace SafeRlhfV.Objectives;

/// <summary>A sampled response with its shaped scores and estimates, on the host. Arrays have one entry a response token.</summary>
/// <param name="LogProbs">log π_old.</param>
/// <param name="Rewards">Shaped rewards r.</param>
/// <param name="Costs">Shaped costs c.</param>
/// <param name="Reward">Of the reward critic; null = rewards take no part.</param>
/// <param name="Cost">Of the cost critic; null = costs take no part.</param>
public sealed record ShapedResponse<T>(T[] LogProbs, T[] Rewards, T[] Costs, ValueEstimates<T>? Reward, ValueEstimates<T>? Cost) where T : unmanaged
{
    /// <summary>What each token's term of the actor's loss is multiplied by (<see cref="ImportanceWeights"/>); null = 1.</summary>
    public T[]? Weights { get; init; }
}
