namespace SafeRlhfV.Demo;

/// <summary>One round of PPO or GRPO.</summary>
/// <param name="Step">The rollout round, from 1.</param>
/// <param name="Lambda">The multiplier that the step's loss used.</param>
/// <param name="MeanCost">Mean calibrated cost of the step's answers.</param>
/// <param name="WindowCost">Mean cost over the multiplier's window (J_C).</param>
/// <param name="Reward">Mean calibrated reward of the step's answers.</param>
/// <param name="Kl">Mean KL to the reference, nats an answer.</param>
/// <param name="Length">Mean answer length in tokens.</param>
/// <param name="Entropy">Mean entropy of the token distribution, nats.</param>
public sealed record TrajectoryPoint(int Step, double Lambda, double MeanCost, double WindowCost, double Reward, double Kl, double Length, double Entropy);
