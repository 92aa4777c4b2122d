using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>A score is only used as what it is.</summary>
public sealed class ModelKindTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    [Theory]
    [InlineData("ppo", "model.reward=cost model.cost=reward", "cost: this is a cost model (CM-V), and model.reward needs a reward model (RM-V)")]
    [InlineData("ppo", "model.cost=reward",
        "reward: this is a reward model (RM-V), and one folder as model.reward and model.cost needs a model of both scores")]
    [InlineData("ppo", "model.reward=guard", "guard: this is a guard, and model.reward needs a reward model")]
    [InlineData("ppo", "model.policy=reward", "reward: this is a reward model (RM-V), and model.policy needs a policy")]
    [InlineData("ppo", "model.reward=sft", "sft: this is a policy, and model.reward needs a reward model")]
    [InlineData("ppo-backbone", "model.reward=cost-adapter model.cost=reward-adapter", "cost-adapter: this is a cost model (CM-V), and model.reward needs")]
    [InlineData("ppo-backbone", "model.cost=reward-adapter", "needs a model of both scores")]
    [InlineData("ppo-backbone", "model.cost=scores-adapter", "scores-adapter: this is a model of both scores")]
    [InlineData("reward", "model.folder=cost", "cost: this is a cost model (CM-V), and train reward needs a reward model (RM-V) or a policy")]
    [InlineData("cost", "model.folder=reward", "reward: this is a reward model (RM-V), and train cost needs")]
    [InlineData("cost", "model.folder=old-reward", "old-reward: this is a reward model (RM-V), and train cost needs")] // known by the recipe beside it
    [InlineData("scores", "model.folder=reward", "and train scores needs")]
    [InlineData("guard", "model.folder=scores", "and train guard needs")]
    [InlineData("sft", "model.folder=reward", "and train sft needs a policy")]
    [InlineData("dpo", "model.folder=scores", "and train dpo needs a policy")]
    [InlineData("reward", "model.folder=foreign-two", "foreign-two: its score head has 2 outputs, and a reward model (RM-V) has 1")]
    [InlineData("ppo", "model.reward=foreign model.cost=foreign", "model.reward and model.cost name this one folder, and its head has 1 output")]
    public void AFolderIsRefusedAsWhatItIsNot(string name, string sets, string message)
    {
        Prepare();
        Recipe recipe = tiny.Recipe(name, $"kinds/{Guid.NewGuid():N}",
            [.. sets.Split(' ').Select(set => set.Split('=')).Select(set => $"{set[0]}={tiny.At(set[1])}")]);
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message);
    }

    [Fact]
    public void ResultsSayWhatTheyAreAndGoOn()
    {
        foreach ((string name, ModelKind kind)
            in new[] { ("reward-lora", ModelKind.Reward), ("cost", ModelKind.Cost), ("scores-lora", ModelKind.Scores), ("guard", ModelKind.Guard),
                ("sft", ModelKind.Policy) })
        {
            Recipe recipe = tiny.Recipe(name, $"says/{name}", "training.max_steps=1");
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
            string result = Path.Combine(recipe.Run.Folder, "result");
            Assert.Equal(kind, ModelKinds.Of(result));
            Assert.Equal(kind != ModelKind.Policy, File.Exists(Path.Combine(result, ModelKinds.FileName)));
        }
        Recipe more = tiny.Recipe("cost", "says/more", "training.max_steps=1", $"model.folder={tiny.At("says", "cost", "result")}");
        Assert.True(RecipeRunner.Run(more, more.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void AFolderThatSaysNothingIsTakenWithARemark()
    {
        Prepare();
        List<string> notes = [];
        Recipe recipe = tiny.Recipe("ppo", "foreign-scores", "training.rounds=1", $"model.reward={tiny.At("foreign")}");
        Assert.True(RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), new Listener(notes), TestContext.Current.CancellationToken));
        Assert.Contains(notes, note =>
            note.Contains("foreign does not say what its score is; model.reward takes it as a reward model (RM-V)", StringComparison.Ordinal));
    }

    [Fact]
    public void AHeadAndWhatItsFolderSaysMustAgree()
    {
        Prepare();
        string folder = tiny.At($"lies-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(tiny.At("scores"))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        File.WriteAllText(Path.Combine(folder, ModelKinds.FileName), """{ "kind": "reward" }""");
        Assert.Contains("is said to be a reward model (RM-V), and its score head has 2 outputs",
            Assert.Throws<InvalidInputException>(() => ScoreModel.Load(folder)).Message);
        File.WriteAllText(Path.Combine(folder, ModelKinds.FileName), """{ "kind": "rewrad" }""");
        Assert.Contains("kind 'rewrad' must be one of reward, cost, scores, guard",
            Assert.Throws<InvalidInputException>(() => ScoreModel.Load(folder)).Message);
    }

    // heads of other makers, an older reward model with its recipe alone, a guard, and a policy with its recipe
    private void Prepare()
    {
        if (Directory.Exists(tiny.At("sft"))) return;
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        foreach ((string name, int outputs, ModelKind? kind, string? trainer) in new (string, int, ModelKind?, string?)[]
            { ("foreign", 1, null, null), ("foreign-two", 2, null, null), ("old-reward", 1, null, "reward"),
                ("guard", GuardHeads.Outputs, ModelKind.Guard, null), ("sft", 0, null, "sft") })
        {
            ModelCheckpoint.Save(model, tiny.At(name));
            if (trainer is not null) File.WriteAllText(tiny.At(name, "recipe.yaml"), $"trainer: {trainer}\nmodel:\n  folder: a\n");
            if (outputs == 0) continue;
            using ScoreHead head = ScoreHead.Create(model.HiddenSize, outputs, 1, kind: kind);
            head.Save(tiny.At(name));
        }
    }

    private sealed class Listener(List<string> notes) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => notes.AddRange(value.Notes);
    }
}
