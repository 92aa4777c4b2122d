using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Training;

namespace SafeRlhfV.Registry.Tests;

/// <summary>Settings of <see cref="ContrastTrainer"/>.</summary>
public sealed record ContrastSettings : TrainerSettings
{
    /// <summary>How much the difference of two log-probabilities counts.</summary>
    [Range(0, 5, MinimumIsExclusive = true)]
    public double Strength { get; init; } = 0.1;
}
