namespace SafeRlhfV.Training.Tests;

/// <summary>Short runs of group-relative optimisation with the figures that they always gave, for its methods and constraints.</summary>
public sealed class PinnedGrpoTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    [Theory]
    [InlineData("grpo", "plain")]
    [InlineData("grpo", "rloo", "training.advantage=loo", "training.kl_place=reward", "training.kl_estimator=k1")]
    [InlineData("grpo", "dr", "training.advantage=group_mean_only", "training.reduction=max_tokens", "training.constraint=positive_part")]
    [InlineData("grpo", "dapo", "training.reduction=batch_tokens", "training.clip_high=0.28", "training.resample=1", "training.overlong=penalise",
        "training.overlong_margin=3")]
    [InlineData("grpo", "gspo", "training.ratio=sequence", "training.kl_corrected=true", "training.cost=violation", "training.multiplier.budget=0.1")]
    [InlineData("grpo", "cispo", "training.cispo_cap=2", "training.scalarise=true", "training.mode=pid", "training.no_answer_reward=-1")]
    [InlineData("grpo-backbone", "severity")]
    [InlineData("grpo-tail", "cvar")]
    public void FiguresHold(string recipe, string method, params string[] sets) => PinnedRun.Check($"grpo-{method}", tiny.Recipe(
        recipe, $"pinned/grpo-{method}",
        ["training.rounds=6", "training.rollout_batch=5", "training.mini_batch=3", "training.micro_batch=2", "training.update_epochs=2", .. sets]));
}
