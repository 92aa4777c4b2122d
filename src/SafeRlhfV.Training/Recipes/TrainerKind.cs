namespace SafeRlhfV.Training;

/// <summary>What a recipe trains.</summary>
public enum TrainerKind
{
    /// <summary>A policy by supervised fine-tuning.</summary>
    Sft,

    /// <summary>RM-V, the helpfulness score.</summary>
    Reward,

    /// <summary>CM-V, the harm score.</summary>
    Cost,

    /// <summary>Both scores as two outputs of one model.</summary>
    Scores,

    /// <summary>A policy by direct preference optimisation.</summary>
    Dpo,

    /// <summary>A policy by Safe PPO, or by PPO for reward or cost alone.</summary>
    Ppo,

    /// <summary>Beaver-Guard-V.</summary>
    Guard,
}
