using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="GuardTrainer"/>. A batch counts rows; each gives one answer, or its prompt alone.</summary>
public sealed record GuardSettings : TrainerSettings
{
    /// <summary>One epoch, the rate falling from 1e-5 by a cosine. The paper gives no settings for the guard; these are ours.</summary>
    public GuardSettings() => Optimizer = new() { LearningRate = 1e-5 };

    /// <summary>Share of a batch that is judged by image and question alone. 0 = the guard judges answers only.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double PromptShare { get; init; } = 0.3;

    /// <summary>Weight of the verdict's binary cross-entropy.</summary>
    [Range(0, 1e12)]
    public double VerdictWeight { get; init; } = 2;

    /// <summary>Weight of the categories' binary cross-entropy (the mean over all of them).</summary>
    [Range(0, 1e12)]
    public double CategoryWeight { get; init; } = 10;

    /// <summary>Weight of the severity's cross-entropy.</summary>
    [Range(0, 1e12)]
    public double SeverityWeight { get; init; } = 1;

    /// <summary>What a row of each severity (none, minor, moderate, severe) weighs in the loss: graver mistakes cost more where these rise.</summary>
    [Range(0, 1e12)]
    public IReadOnlyList<double> SeverityRowWeights { get; init; } = [1, 1, 1, 1];
}
