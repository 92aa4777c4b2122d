namespace SafeRlhfV.Objectives;

/// <summary>What the ratio of new to old probability is taken over.</summary>
public enum PolicyRatio
{
    /// <summary>Each token for itself (PPO, GRPO).</summary>
    Token,

    /// <summary>exp of the answer's mean log-ratio, the same at each of its tokens (GSPO, Zheng et al. 2025).</summary>
    Sequence,

    /// <summary>
    /// The value of <see cref="Sequence"/> with the gradient of <see cref="Token"/>, for advantages that differ within an answer (GSPO-token).
    /// </summary>
    SequenceToken,
}
