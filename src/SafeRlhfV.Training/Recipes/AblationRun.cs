namespace SafeRlhfV.Training;

/// <summary>One run of an ablation.</summary>
/// <param name="Variant">The variant's name.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Recipe">What is run; its folder is the run's.</param>
public sealed record AblationRun(string Variant, long Seed, Recipe Recipe);
