namespace SafeRlhfV.Demo;

/// <summary>Keys of the methods that the demo always compares.</summary>
public static class MethodIds
{
    /// <summary>The supervised precursor, where all others start.</summary>
    public const string Start = "start";

    /// <summary>PPO on the reward alone (lambda 0).</summary>
    public const string PpoHelpful = "ppo-h";

    /// <summary>PPO on the cost alone.</summary>
    public const string PpoSafe = "ppo-s";

    /// <summary>DPO on the helpfulness preference.</summary>
    public const string DpoHelpful = "dpo-h";

    /// <summary>DPO on the safety preference.</summary>
    public const string DpoSafe = "dpo-s";

    /// <summary>Safe RLHF-V without critics: group-relative, under the same budget.</summary>
    public const string Grpo = "grpo";

    /// <summary>PPO-Lagrangian with the cost budget.</summary>
    public const string SafeRlhfV = "safe-rlhf-v";
}
