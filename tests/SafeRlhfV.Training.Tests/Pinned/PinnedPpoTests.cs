namespace SafeRlhfV.Training.Tests;

/// <summary>
/// Short runs of Safe PPO with the figures that they always gave: losses, gradient norms and λ, for each sharing of weights and each mode of λ.
/// </summary>
public sealed class PinnedPpoTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    [Theory]
    [InlineData("ppo", "log")]
    [InlineData("ppo", "projected")]
    [InlineData("ppo", "pid")]
    [InlineData("ppo", "fixed")]
    [InlineData("ppo-backbone", "log")]
    [InlineData("ppo-backbone", "projected")]
    [InlineData("ppo-backbone", "pid")]
    [InlineData("ppo-backbone", "fixed")]
    [InlineData("ppo-joint", "log")]
    [InlineData("ppo-reward-only", "fixed")]
    [InlineData("ppo-cost-only", "fixed")]
    [InlineData("ppo-length", "log")]
    [InlineData("ppo-severity", "log")]
    [InlineData("ppo-tail", "projected")]
    [InlineData("ppo-score-checked", "projected")]
    public void FiguresHold(string recipe, string mode) => PinnedRun.Check($"{recipe}-{mode}", tiny.Recipe(
        recipe, $"pinned/{recipe}-{mode}",
        [
            "training.rounds=6", "training.rollout_batch=5", "training.mini_batch=3", "training.micro_batch=2", "training.update_epochs=2",
            $"training.mode={mode}",
            .. recipe == "ppo-cost-only" ? (string[])["training.cost_only=true"] : [],
            .. recipe == "ppo-joint" ? (string[])["training.reduction=token"] : [],
        ]));
}
