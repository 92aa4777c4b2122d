namespace SafeRlhfV.Training;

/// <summary>What is known of a recipe's data, for a plan.</summary>
/// <param name="Sizes">The rows that are learnt from; of PPO, the prompts.</param>
/// <param name="Instructions">PPO's instruction data; null without.</param>
/// <param name="Calibration">The pairs that bring PPO's scores onto one scale; null without.</param>
public sealed record PlanData(PlanSizes Sizes, PlanSizes? Instructions = null, PlanSizes? Calibration = null)
{
    /// <summary>All of them.</summary>
    public IEnumerable<PlanSizes> All => ((PlanSizes?[])[Sizes, Instructions, Calibration]).OfType<PlanSizes>();
}
