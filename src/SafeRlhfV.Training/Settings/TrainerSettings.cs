using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>What all trainers but PPO have in common.</summary>
public abstract record TrainerSettings
{
    /// <summary>One seed for every stream of random numbers: order of rows, dropout, new heads and adapters.</summary>
    [Range(long.MinValue, long.MaxValue)]
    public long Seed { get; init; }

    /// <summary>Rows (pairs, for pair trainers) of one step.</summary>
    [Range(1, 1e9)]
    public int BatchSize { get; init; } = 32;

    /// <summary>Rows (pairs) that are in memory at a time; gradients are added up over a batch. 0 = the whole batch.</summary>
    [Range(0, 1e9)]
    public int MicroBatchSize { get; init; }

    /// <summary>
    /// Tokens that are in memory at a time, padding among them: a batch's rows are sorted by length and cut into parts of at most so many, so that little is
    /// padding. The batch holds the same rows. 0 = parts by <see cref="MicroBatchSize"/> alone, in the data's order.
    /// </summary>
    [Range(0, 1e9)]
    public int MicroBatchTokens { get; init; }

    /// <summary>Passes over the data.</summary>
    [Range(0, 1e6, MinimumIsExclusive = true)]
    public double Epochs { get; init; } = 1;

    /// <summary>Steps at most; null = as many as the epochs take.</summary>
    [Range(1, 1e9)]
    public long? MaxSteps { get; init; }

    /// <summary>The update.</summary>
    public OptimizerSettings Optimizer { get; init; } = new();

    /// <summary>Texts that are too long.</summary>
    public LengthLimits Lengths { get; init; } = new();

    /// <summary>Train the vision tower too. Otherwise it is frozen and each image's features are computed once.</summary>
    public bool TrainVisionTower { get; init; }

    /// <summary>Decoder blocks keep their inputs only and run again in the backward pass.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Bytes of vision features that may be kept; least recently used ones go first.</summary>
    [Range(0, 1L << 50)]
    public long VisionCacheBytes { get; init; } = 2L << 30;

    /// <summary>Steps that a data set of so many rows takes.</summary>
    public long StepsFor(long rows)
    {
        long steps = (long)Math.Ceiling(Epochs * rows / BatchSize);
        return Math.Max(1, Math.Min(steps, MaxSteps ?? steps));
    }
}
