using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>Rows that are too long are counted before the first step: an epoch is one pass over the others.</summary>
public sealed class UsableRowsTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private const int BatchSize = 4;

    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("cost")]
    [InlineData("scores")]
    [InlineData("dpo")]
    public void AnEpochIsOnePassOverRowsThatFit(string name)
    {
        ConversationRecord[] rows = Rows();
        int[] longest = [.. rows.Select(row =>
            Encode(row, name == "sft" ? [Preferred(row)] : [row.Answers[0].Text, row.Answers[1].Text]).Max(sample => sample.Response.Length))];
        int limit = Median(longest), usable = longest.Count(length => length <= limit);
        Assert.InRange(usable, 1, rows.Length - 1);
        (IReadOnlyDictionary<string, double>[] steps, string[] notes) = Run(tiny.Recipe(
            name, $"usable/{name}", "training.max_steps=1000", "training.epochs=1", $"training.lengths.response_tokens={limit}",
            $"training.batch_size={BatchSize}", "training.micro_batch_size=0"));
        Assert.Equal((usable + BatchSize - 1) / BatchSize, steps.Length);
        Assert.All(steps, step => Assert.Equal(1 - usable / (double)rows.Length, step["dropped_share"], 1e-12));
        Assert.Contains(notes, note => note.Contains($"{rows.Length - usable} of {rows.Length} rows", StringComparison.Ordinal));
    }

    // a pair's answers take turns: in two epochs each answer that fits is learnt once
    [Fact]
    public void OfAGuardEveryAnswerThatFits()
    {
        int[] lengths = [.. Rows().SelectMany(row => Encode(row, row.Answers[0].Text, row.Answers[1].Text)).Select(sample => sample.Response.Length)];
        int limit = Median(lengths), usable = lengths.Count(length => length <= limit);
        (IReadOnlyDictionary<string, double>[] steps, _) = Run(tiny.Recipe(
            "guard", "usable/guard", "training.max_steps=1000", "training.epochs=2", "training.prompt_share=0", $"training.lengths.response_tokens={limit}",
            $"training.batch_size={BatchSize}"));
        Assert.Equal((usable + BatchSize - 1) / BatchSize, steps.Length);
    }

    [Fact]
    public void PromptsOfPpoToo()
    {
        ConversationRecord[] rows = Rows();
        int[] prompts = [.. rows.Select(row => Encode(row, row.Answers[0].Text)[0].Prompt.Length)];
        int limit = Median(prompts), usable = prompts.Count(length => length <= limit);
        Assert.InRange(usable, 1, rows.Length - 1);
        (IReadOnlyDictionary<string, double>[] rounds,
            string[] notes) = Run(WithoutRounds(tiny.Recipe("ppo-reward-only", "usable/ppo", "training.epochs=1", $"training.lengths.prompt_tokens={limit}",
                "training.ptx_coefficient=0", "training.calibration_rows=0")));
        Assert.Equal((usable + 3) / 4, rounds.Length);
        Assert.Contains(notes, note => note.Contains($"{rows.Length - usable} of {rows.Length} prompts", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("guard")]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public void WithoutARowThatFitsNothingBegins(string name)
    {
        Recipe recipe = tiny.Recipe(name, $"none/{name}", "training.lengths.prompt_tokens=2");
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("24 rows", error.Message);
        Assert.Contains("lengths", error.Message);
    }

    private static Recipe WithoutRounds(Recipe recipe) => recipe is PpoRecipe ppo ? ppo with { Training = ppo.Training with { Rounds = null } } : recipe;

    private static string Preferred(ConversationRecord row) => row.Of(row.Preferences.Helpful!.Value).Text;

    private static int Median(int[] values) => values.Order().ElementAt(values.Length / 2);

    private static IReadOnlyList<EncodedSample> Encode(ConversationRecord row, params string[] answers) =>
        new SampleEncoder(Processor, new LengthLimits()).Encode(row, answers)!;

    private static ModelProcessor Processor { get; } = ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny"));

    private ConversationRecord[] Rows() => [.. PreferenceDataset.Open(tiny.At("world")).ReadRecords(split: "train")];

    private static (IReadOnlyDictionary<string, double>[] Steps, string[] Notes) Run(Recipe recipe)
    {
        Notes notes = new();
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), notes, TestContext.Current.CancellationToken);
        return ([.. MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Select(line => line.Values)], [.. notes.All]);
    }
}
