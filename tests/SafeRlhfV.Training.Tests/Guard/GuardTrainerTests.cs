using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
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
        Assert.Contains(notes, note =>
            note.Contains("judges_prompts: false", StringComparison.Ordinal) && note.Contains("data.safe_prompts", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutAPromptShareTheGuardSaysThatItJudgesNoPrompts() => Assert.False(Train("no-share", "training.prompt_share=0").Config.JudgesPrompts);

    [Fact]
    public void PromptsOfBothClassesAreJudged() => Assert.True(Train("both").Config.JudgesPrompts);

    [Fact]
    public void SafePromptsMayComeFromFlatRows() =>
        Assert.True(Train("safe-prompts", $"data.folder={Pairs}", $"data.safe_prompts.folder={Flat}").Config.JudgesPrompts);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnswersOfOneClassAreRefused(bool harmful)
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny"));
        using GuardModel guard = GuardModel.Create(model, 1);
        using VisionCache cache = new(model, processor.Images, 1 << 20);
        using TrainingRun run = new("guard", new RunOptions());
        TrainingData data = new(PreferenceDataset.Open(tiny.At("world")), processor, cache);
        string message = Assert.Throws<InvalidInputException>(() => GuardTrainer.Train(
            new ScorerRole(model, guard.Scores.Head), data, new GuardSettings(), run,
            (_, side) => new GuardLabel(side == 0 ? !harmful : harmful, [], 0))).Message;
        Assert.Contains($"all 48 answers that fit are labelled {(harmful ? "unsafe" : "safe")}", message);
    }

    [Fact]
    public void RowsThatSayNothingOfTheirPromptLeavePromptsOut()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"), Enumerable.Range(0, 8).Select(row =>
            $$"""{"question": "Question {{row}}?", "response": "Answer {{row}}.", "is_response_safe": "{{(row % 2 == 0 ? "yes" : "no")}}", "category": "animal_abuse"}"""));
        (GuardConfig config, string[] notes) = Train("no-severity", $"data.folder={folder.At("rows.jsonl")}");
        Assert.False(config.JudgesPrompts);
        Assert.Contains(notes, note => note.Contains("no row says whether its prompt is harmful", StringComparison.Ordinal));
    }

    // of a pair one answer is learnt in an epoch, so a row counts once, however many of its texts are too long
    [Fact]
    public void RowsLeftOutAreCountedOnceEach()
    {
        using TemporaryFolder folder = new();
        string words = string.Concat(Enumerable.Repeat("word ", 2000));
        File.WriteAllLines(folder.At("rows.jsonl"), Enumerable.Range(0, 12).Select(row =>
            $$"""{"question": "Question {{row}}?", "response_1": "{{(row < 3 ? words : "Good")}}", "response_2": "{{(row < 3 ? words + "too" : "Bad")}}", "is_response_1_safe": "yes", "is_response_2_safe": "no", "category": "animal_abuse"}"""));
        string[] notes = Train("left-out", $"data.folder={folder.At("rows.jsonl")}").Notes;
        Assert.Contains(notes, note =>
            note.Contains("3 of 12 rows (25.0 %) are left out: 3 too long for training.lengths. An epoch", StringComparison.Ordinal));
    }

    [Fact]
    public void HalfOfThePromptsAreSafeOnesAndTheSharesHold()
    {
        GuardSettings settings = new() { BatchSize = 10, PromptShare = 0.3, Seed = 2 };
        GuardSides sides = new(settings, judgesPrompts: true, hasSafePrompts: true), without = new(settings, judgesPrompts: false, hasSafePrompts: true);
        Assert.Equal(15, Enumerable.Range(0, 10).Sum(step => sides.SafePrompts(step))); // of 100 samples
        Assert.Equal(0, Enumerable.Range(0, 10).Sum(step => without.SafePrompts(step)));
        RowPosition[] rows = [.. Enumerable.Range(0, 4000).Select(row => new RowPosition("default", "train", "file", row, row))];
        int prompts = rows.Count(row => sides.Of(row, true, 0) == GuardSides.Prompt);
        Assert.InRange(prompts / 4000.0 * 85, 13.5, 16.5); // of 100 samples 85 are the data's
        Assert.All(rows, row => Assert.NotEqual(GuardSides.Prompt, without.Of(row, true, 0)));
        Assert.All(rows, row => Assert.Equal(3, without.Of(row, true, 0) + without.Of(row, true, 1)));
        // 85 rows are ten batches with their safe prompts, one more row takes another
        Assert.Equal((10, 11), (sides.StepsFor(85), sides.StepsFor(86)));
    }

    private (GuardConfig Config, string[] Notes) Train(string run, params string[] sets)
    {
        Recipe recipe = tiny.Recipe("guard", $"guard/{run}", ["training.max_steps=2", .. sets]);
        Notes notes = new();
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), notes, TestContext.Current.CancellationToken);
        return (GuardConfig.Load(Path.Combine(recipe.Run.Folder, "result")), [.. notes.All]);
    }
}
