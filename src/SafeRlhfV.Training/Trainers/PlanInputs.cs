namespace SafeRlhfV.Training;

/// <summary>What a plan is made from, beside the recipe.</summary>
/// <param name="Shape">The model; of PPO's six all have the same shape.</param>
/// <param name="StoredBytes">Bytes of a stored weight, where the recipe leaves the type to the checkpoint.</param>
/// <param name="Data">What is known of the data; null = the recipe's limits.</param>
/// <param name="Ranks">Processes that train together; the plan is that of one of them.</param>
public sealed record PlanInputs(ModelShape Shape, int StoredBytes, PlanData? Data = null, int Ranks = 1)
{
    /// <summary>What is known of the rows that are learnt from; null = the recipe's limits.</summary>
    public PlanSizes? Sizes => Data?.Sizes;

    /// <summary>Whether weights take two bytes.</summary>
    /// <param name="wanted">The recipe's type; null = as stored.</param>
    public bool IsHalf(WeightType? wanted) => wanted is { } type ? type == WeightType.Bfloat16 : StoredBytes == 2;
}
