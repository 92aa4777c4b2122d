namespace SafeRlhfV.Training;

/// <summary>A recipe of group-relative optimisation; data and models are named as for PPO.</summary>
public sealed record GrpoRecipe : RolloutRecipe
{
    /// <summary>How the policy is trained.</summary>
    public GrpoSettings Training { get; init; } = new();

    /// <inheritdoc/>
    public override RolloutSettings Sampling => Training;

    /// <inheritdoc/>
    internal override int Answers => Training.GroupSize;

    /// <inheritdoc/>
    internal override OptimizerSettings? Critics => null;
}
