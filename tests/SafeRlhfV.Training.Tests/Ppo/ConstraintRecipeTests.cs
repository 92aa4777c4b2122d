namespace SafeRlhfV.Training.Tests;

/// <summary>Budgets and thresholds that no run could keep, or would ignore, are faults of the recipe.</summary>
public sealed class ConstraintRecipeTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    public static IEnumerable<TheoryDataRow<string, string, string>> Senseless =>
        [.. new[] { "ppo", "grpo" }.SelectMany(name => new TheoryDataRow<string, string, string>[]
        {
            new(name, "training.cost=violation training.multiplier.budget=-0.5", "training.multiplier.budget: -0.5 must be 0 to 1"),
            new(name, "training.cost=violation training.multiplier.budget=2", "training.multiplier.budget: 2 must be 0 to 1"),
            new(name, "training.cost_threshold=0.5", "training.cost_threshold: says what a violation is"),
            new(name, "training.severity.encoding=cumulative training.severity.budgets=[0.01,0.03,0.1]",
                "training.severity.budgets: must not rise from minor to severe"),
            new(name, "training.severity.encoding=cumulative training.severity.budgets=[0.1,0.01,0.02]",
                "training.severity.budgets: must not rise from minor to severe"),
        })];

    [Theory, MemberData(nameof(Senseless))]
    public void IsRefused(string name, string sets, string message) => Assert.Contains(message,
        Assert.Throws<InvalidInputException>(() => tiny.Recipe(name, "senseless", sets.Split(' '))).Message);

    [Theory]
    [InlineData("training.severity.encoding=cumulative training.severity.budgets=[0.1,0.1,0.01]")]
    [InlineData("training.severity.encoding=exclusive training.severity.budgets=[0.01,0.03,0.1]")]
    [InlineData("training.cost=violation training.multiplier.budget=0 training.cost_threshold=0.5")]
    [InlineData("training.multiplier.budget=-0.5")]
    public void WhatMakesSenseIsTaken(string sets)
    {
        foreach (string name in (string[])["ppo", "grpo"]) Assert.NotNull(tiny.Recipe(name, "sense", sets.Split(' ')));
    }
}
