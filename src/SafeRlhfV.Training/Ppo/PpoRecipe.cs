namespace SafeRlhfV.Training;

/// <summary>A recipe of Safe PPO and its baselines.</summary>
public sealed record PpoRecipe : RolloutRecipe
{
    /// <summary>How the policy is trained.</summary>
    public PpoSettings Training { get; init; } = new();

    /// <inheritdoc/>
    public override RolloutSettings Sampling => Training;

    /// <inheritdoc/>
    internal override int Answers => 1;

    /// <inheritdoc/>
    internal override OptimizerSettings? Critics => Training.Critics;
}
