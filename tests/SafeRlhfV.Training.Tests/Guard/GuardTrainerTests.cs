using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class GuardTrainerTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static string Pairs => Golden.At("beavertails-v", "paired");

    private static string Flat => Golden.At("beavertails-v", "flat");

    // every image of BeaverTails-V is harmful: a guard that learnt from these prompts alone would call all prompts unsafe
    [Fact]
    public void PromptsOfOneClassAreLeftOutAndTheGuardSaysThatItJudgesNone()
    {
        (GuardConfig config, string[] notes) = Train("one-class", $"data.folder={Pairs}");
        Assert.False(config.JudgesPrompts);
        Assert.Contains(notes, note => note.Contains("judges_prompts: false", StringComparison.Ordinal) && note.Contains("data.safe_prompts", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutAPromptShareTheGuardSaysThatItJudgesNoPrompts() => Assert.False(Train("no-share", "training.prompt_share=0").Config.JudgesPrompts);

    [Fact]
    public void PromptsOfBothClassesAreJudged() => Assert.True(Train("both").Config.JudgesPrompts);

    [Fact]
    public void SafePromptsMayComeFromFlatRows() => Assert.True(Train("safe-prompts", $"data.folder={Pairs}", $"data.safe_prompts.folder={Flat}").Config.JudgesPrompts);

    private (GuardConfig Config, string[] Notes) Train(string run, params string[] sets)
    {
        Recipe recipe = tiny.Recipe("guard", $"guard/{run}", ["training.max_steps=2", .. sets]);
        Notes notes = new();
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), notes, TestContext.Current.CancellationToken);
        return (GuardConfig.Load(Path.Combine(recipe.Run.Folder, "result")), [.. notes.All]);
    }
}
