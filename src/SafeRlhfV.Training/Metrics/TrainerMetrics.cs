namespace SafeRlhfV.Training;

/// <summary>The metrics of each trainer, so that a recipe that names another is refused before a model is loaded.</summary>
public static class TrainerMetrics
{
    private static readonly string[] Common = ["gradient_norm", "learning_rate", "padding", "dropped_rows", "dropped_share", "cut_answers"];

    /// <summary>Names of a trainer's metrics; some of PPO's are there with certain settings only.</summary>
    public static IReadOnlyList<string> Of(TrainerKind trainer) => trainer switch
    {
        TrainerKind.Sft => ["loss", "perplexity", "tokens", .. Common],
        TrainerKind.Reward => ["loss", "pair_accuracy", "margin", .. Common],
        TrainerKind.Cost => ["loss", "pair_accuracy", "sign_accuracy", .. Common],
        TrainerKind.Scores => ["loss", "reward_loss", "cost_loss", "reward_accuracy", "cost_accuracy", "sign_accuracy", .. Common],
        TrainerKind.Dpo => ["loss", "accuracy", "margin", "chosen_reward", .. Common],
        TrainerKind.Guard => ["loss", "verdict_loss", "category_loss", "severity_loss", "verdict_accuracy", .. Common],
        TrainerKind.Ppo =>
        [
            "reward", "cost", "window_cost", "budget", "unsafe_share", "kl", "length", "at_limit", "lambda", "actor_loss", "ptx_loss", "actor_gradient_norm", "clip_fraction", "approximate_kl", "entropy",
            "learning_rate", "reward_critic_loss", "cost_critic_loss", "reward_critic_gradient_norm", "cost_critic_gradient_norm", "critics_gradient_norm", "dropped_rows", "dropped_share", "dropped_instruction_share", "cut_answers",
        ],
        _ => throw new InvalidOperationException($"No metrics for {trainer}."),
    };
}
