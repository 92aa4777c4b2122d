namespace SafeRlhfV.Objectives;

/// <summary>How a component of a group's answers, its rewards or one of its costs, becomes a score around 0.</summary>
public enum GroupBaseline
{
    /// <summary>(x - mean) / (deviation + 1e-4), both of the group (GRPO, Shao et al. 2024).</summary>
    Group,

    /// <summary>x - the mean of the group's other answers (RLOO, Ahmadian et al. 2024).</summary>
    Loo,

    /// <summary>x - the group's mean, without a division: a hard prompt weighs no more than an easy one (Dr. GRPO, Liu et al. 2025).</summary>
    GroupMeanOnly,

    /// <summary>(x - the group's mean) / (deviation over all answers of the round + 1e-4).</summary>
    BatchStd,
}
