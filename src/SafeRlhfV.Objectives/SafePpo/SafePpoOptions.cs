namespace SafeRlhfV.Objectives;

/// <summary>Numbers of a Safe PPO step; the defaults are the paper's.</summary>
public sealed record SafePpoOptions
{
    /// <summary>β, weight of the divergence from the reference.</summary>
    public double KlCoefficient { get; init; } = 0.02;

    /// <summary>Bound on a token's shaped reward and cost.</summary>
    public double ClipScore { get; init; } = 50;

    /// <summary>Discount γ.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>GAE's λ.</summary>
    public double GaeLambda { get; init; } = 0.95;

    /// <summary>ε of the clipped surrogate.</summary>
    public double ClipRange { get; init; } = 0.2;

    /// <summary>Bound on a critic's move in one update.</summary>
    public double ClipValue { get; init; } = 5;

    /// <summary>How a [B, T] loss becomes a number.</summary>
    public Reduction Reduction { get; init; } = Reduction.Row;
}
