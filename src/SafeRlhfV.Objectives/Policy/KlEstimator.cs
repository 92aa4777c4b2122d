namespace SafeRlhfV.Objectives;

/// <summary>How the divergence from the reference is estimated from one sampled token, with d = log π - log π_ref (Schulman 2020).</summary>
public enum KlEstimator
{
    /// <summary>d. As a loss, its gradient is 1 everywhere and pulls nowhere on average: it belongs into the reward.</summary>
    K1,

    /// <summary>d² / 2.</summary>
    K2,

    /// <summary>exp(-d) - 1 + d: never negative (GRPO).</summary>
    K3,
}
