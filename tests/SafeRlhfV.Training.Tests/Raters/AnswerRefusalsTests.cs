using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>Refusals of harmful and of benign prompts: counted apart, and charged where a benign prompt is refused.</summary>
public sealed class AnswerRefusalsTests : IClassFixture<TinyRecipes>
{
    private readonly TinyRecipes tiny;

    public AnswerRefusalsTests(TinyRecipes tiny)
    {
        this.tiny = tiny;
        TestRater.Register();
    }

    [Fact]
    public void RefusalsAreCountedByThePromptsHarmAndCostRewardOnBenignPromptsAlone()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        ModelProcessor processor = ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny"));
        using VisionCache cache = new(model, processor.Images, 1 << 20);
        SampleBatcher batcher = new(processor.PadTokenId, processor.EosTokenIds, cache) { Processor = processor };
        AnswerRefusals refusals = new(new RefusalSettings { Penalty = 1.5 }, batcher);
        const string refusal = "I cannot help with that.", answer = "It is a red cup.";
        Episode[] episodes =
            [.. new[] { (refusal, false), (refusal, false), (answer, false), (refusal, true), (answer, true), (answer, true), (answer, true) }.Select(one =>
                Answer([.. processor.Tokenizer.Encode(one.Item1, addSpecialTokens: false, parseSpecialTokens: false)], one.Item2))];
        refusals.Mark(episodes);
        Dictionary<string, double> metrics = [];
        refusals.Describe(episodes, metrics);
        Assert.Equal((2 / 3.0, 1 / 4.0), (metrics["refusal_rate"], metrics["over_refusal_rate"]));
        Assert.Equal([0, 0, 0, -1.5, 0, 0, 0], episodes.Select(refusals.Reward));

        // a round without harmful prompts has no share of them
        Dictionary<string, double> benign = [];
        refusals.Describe([.. episodes.Where(one => one.Sample.IsBenign == true)], benign);
        Assert.Equal(["over_refusal_rate"], benign.Keys);
        AnswerRefusals nobody = new(null, batcher);
        Assert.Equal(0, nobody.Reward(episodes[3]));
    }

    /// <summary>The penalty reaches the update, the count alone does not.</summary>
    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public void ThePenaltyChangesTheUpdateAndTheCountDoesNot(string name)
    {
        File.WriteAllText(tiny.At("all.txt"), "~e\n"); // by these, some answers refuse and some do not
        string[] counted = ["training.rollout_batch=12", "training.refusal.benign=test", $"training.refusal.phrases={tiny.At("all.txt")}"];
        IReadOnlyDictionary<string, double> plain = Last(name, "plain", "training.rollout_batch=12"), count = Last(name, "counted", counted);
        IReadOnlyDictionary<string, double> charged = Last(name, "charged", [.. counted, "training.refusal.penalty=5"]);
        Assert.DoesNotContain("over_refusal_rate", plain.Keys);
        Assert.InRange(count["over_refusal_rate"], 0.05, 0.95);
        foreach ((string figure, double value) in plain) Assert.Equal(value, count[figure]);
        Assert.NotEqual(plain["actor_gradient_norm"], charged["actor_gradient_norm"]);
    }

    [Theory]
    [InlineData("ppo", "training.refusal.penalty=1 training.cost_only=true", "training.refusal.penalty: is taken from the reward")]
    public void ARecipeIsRefused(string name, string sets, string message) => Assert.Contains(message,
        Assert.Throws<InvalidInputException>(() => tiny.Recipe(name, "refused", sets.Split(' '))).Message);

    [Theory]
    [InlineData("training.refusal.benign=nobody", "training.refusal.benign: 'nobody' is not known here; known are label, image_severity, test")]
    [InlineData("training.judge.rater=nobody", "training.judge.rater: 'nobody' is not known here; known are test")]
    public void ARaterThatIsNotKnownIsANamedErrorBeforeModelsAreLoaded(string set, string message)
    {
        Recipe recipe = tiny.Recipe("ppo", $"unknown-{set.Length}", set);
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message);
    }

    [Fact]
    public void PhrasesThatAreNotThereAreNamedByTheirKey()
    {
        Recipe recipe = tiny.Recipe("grpo", "no-phrases", "training.refusal.benign=test", "training.refusal.phrases=nowhere");
        Assert.Contains("training.refusal.phrases: 'nowhere' is no list of phrases and no file; the lists are refusal@1",
            Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message);
    }

    /// <summary>Other phrases are another run: what follows would be charged and counted by them.</summary>
    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public void PhrasesThatChangedSinceTheRunStartedAreNamed(string name)
    {
        string phrases = tiny.At($"{name}.txt");
        File.WriteAllText(phrases, "~e\n");
        Recipe recipe = tiny.Recipe(name, $"changed/{name}", "training.rounds=1", "training.refusal.benign=test", $"training.refusal.phrases={phrases}");
        Assert.True(RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
        Assert.False(RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken));
        // the same phrases may lie elsewhere; a list of the tool is another thing than a file
        string elsewhere = Path.Combine(Directory.CreateDirectory(tiny.At($"{name}-elsewhere")).FullName, Path.GetFileName(phrases));
        File.Copy(phrases, elsewhere);
        Recipe Phrases(string place) =>
            tiny.Recipe(name, $"changed/{name}", "training.rounds=1", "training.refusal.benign=test", $"training.refusal.phrases={place}");
        Recipe moved = Phrases(elsewhere), listed = Phrases("refusal@1");
        Assert.False(RecipeRunner.Run(moved, moved.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("phrases", Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(listed, listed.ToRunOptions(resume: true))).Message);
        File.WriteAllText(phrases, "~a\n");
        string message = Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: true))).Message;
        Assert.Contains("training.refusal.phrases", message);
        Assert.Contains("since the run started", message);
    }

    [Fact]
    public void DataThatDoNotSayWhatIsBenignAreANamedError()
    {
        Recipe recipe = tiny.Recipe("grpo", "unlabelled", "training.refusal.benign=label");
        Assert.Contains("has no is_prompt_safe, and training.refusal.benign: label takes from it whether the prompt is benign",
            Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message);
    }

    /// <summary>The label is a column of any layout, read from JSON as a word or a truth value.</summary>
    [Fact]
    public void TheLabelOfAPromptIsAColumn()
    {
        File.WriteAllLines(tiny.At("labelled.jsonl"), [.. Enumerable.Range(0, 6).Select(row =>
            $$"""{"question":"Question {{row}}?","response":"Yes.","is_prompt_safe":{{(row % 2 == 0 ? "true" : "\"no\"")}}}""")]);
        IReadOnlyDictionary<string, double> metrics = Last("grpo", "labelled", "training.refusal.benign=label",
            $"data.prompts.folder={tiny.At("labelled.jsonl")}", "training.calibration_rows=0", "training.rollout_batch=6");
        Assert.Contains("refusal_rate", metrics.Keys);
        Assert.Contains("over_refusal_rate", metrics.Keys);
    }

    private IReadOnlyDictionary<string, double> Last(string name, string run, params string[] sets)
    {
        Recipe recipe = tiny.Recipe(name, $"refusals/{name}-{run}", ["training.rounds=1", .. sets]);
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        return MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Last().Values;
    }

    private static Episode Answer(int[] response, bool isBenign) => new()
    {
        Sample = new EncodedSample([1], response, null) { IsBenign = isBenign },
        Ended = true,
        LogProbs = new float[response.Length],
    };
}
