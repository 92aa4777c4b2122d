using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>What trainers of score models have in common: one head, or an ensemble of heads on one backbone.</summary>
public abstract record ScorerSettings : TrainerSettings
{
    /// <summary>k: heads, which start from different seeds and share the backbone; more than 1 is an ensemble.</summary>
    [Range(1, 1024)]
    public int Heads { get; init; } = 1;

    /// <summary>
    /// Whether each head learns from its own bootstrap of the pairs, drawn once by the seed; otherwise each learns from all of them. For an ensemble alone.
    /// </summary>
    public bool Bootstrap { get; init; }

    /// <summary>η, the weight of the regulariser that keeps scores near zero.</summary>
    [Range(0, 1e12)]
    public double Eta { get; init; } = 0.001;
}
