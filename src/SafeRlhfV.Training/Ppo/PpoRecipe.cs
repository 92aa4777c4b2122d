namespace SafeRlhfV.Training;

/// <summary>A recipe of Safe PPO and its baselines.</summary>
public sealed record PpoRecipe : RolloutRecipe
{
    /// <summary>How the policy is trained.</summary>
    public PpoSettings Training { get; init; } = new();

    /// <inheritdoc/>
    internal override RolloutSettings Sampling => Training;
}
