namespace SafeRlhfV.Training;

/// <summary>Where the divergence from the reference is held.</summary>
public enum KlPlace
{
    /// <summary>A term of the loss, with its gradient (GRPO).</summary>
    Loss,

    /// <summary>A penalty in each answer's reward, summed over its tokens (RLOO).</summary>
    Reward,
}
