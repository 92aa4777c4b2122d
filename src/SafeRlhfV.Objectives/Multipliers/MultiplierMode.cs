namespace SafeRlhfV.Objectives;

/// <summary>How λ follows the cost.</summary>
public enum MultiplierMode
{
    /// <summary>SGD on log λ: λ ← min(λ_max, λ exp(lr λ (J_C - d))) (the released code).</summary>
    Log,

    /// <summary>λ ← clip(λ + lr (J_C - d), 0, λ_max) (the paper's equation 8).</summary>
    Projected,

    /// <summary>Proportional, integral and derivative terms on J_C - d (Stooke et al. 2020, algorithm 2).</summary>
    Pid,

    /// <summary>λ stays: 0 is reward-only PPO.</summary>
    Fixed,
}
