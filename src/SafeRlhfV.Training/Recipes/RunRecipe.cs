using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>Where a run lies and how it is kept. Nothing here changes what is learnt.</summary>
public sealed record RunRecipe
{
    /// <summary>The run's folder.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Steps (rounds, for PPO) between checkpoints; 0 = only at the end.</summary>
    [Range(0, 1e9)]
    public int SaveEvery { get; init; } = 100;

    /// <summary>How many of the newest checkpoints are kept.</summary>
    [Range(1, 1e9)]
    public int KeepLast { get; init; } = 2;

    /// <summary>The metric by which the best checkpoint is kept too; null = none.</summary>
    public string? BestMetric { get; init; }

    /// <summary>Steps (rounds) whose mean of it counts: the last ones before a checkpoint.</summary>
    [Range(1, 1e9)]
    public int BestWindow { get; init; } = 100;

    /// <summary>Whether a lower value of it is better; empty = as the metric has it.</summary>
    public bool? BestIsLowest { get; init; }

    /// <summary>Encode the next batch beside the step; empty = where the model is on a GPU. It changes the speed only.</summary>
    public bool? EncodeAhead { get; init; }

    /// <summary>Go on from the newest sound checkpoint where a newer one is damaged.</summary>
    public bool SkipDamaged { get; init; }
}
