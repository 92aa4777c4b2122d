namespace SafeRlhfV.Training.Tests;

/// <summary>A short run of an ensemble of heads with the figures that it always gave.</summary>
public sealed class PinnedScorerTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    [Theory]
    [InlineData("reward")]
    [InlineData("scores-heads-lora")]
    public void FiguresHold(string recipe) => PinnedRun.Check(recipe, tiny.Recipe(recipe, $"pinned/{recipe}", "training.max_steps=6"));
}
