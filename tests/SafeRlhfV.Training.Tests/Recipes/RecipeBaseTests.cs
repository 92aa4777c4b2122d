using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>Recipes that change others (base:) and leave the model and a name open (${model}, ${name}).</summary>
public sealed class RecipeBaseTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private const string Below = """
        trainer: reward
        model:
          folder: ${model}
          lora: { rank: 8 }
        data:
          folder: data/${name}
          split: evaluation
        training:
          epochs: 9
          batch_size: 4
          optimizer: { learning_rate: 1e-3, weight_decay: 0.5 }
        run:
          folder: runs/${name}/reward
        """;

    private static readonly RecipeVariables Variables = new("models/a: b", "mine");

    [Fact]
    public void ARecipeChangesItsBaseAndTakesTheVariables()
    {
        var recipe = Load("base: below.yaml\ntraining:\n  optimizer:\n    learning_rate: 2e-3\n", Variables);
        Assert.Equal(("models/a: b", "data/mine", "runs/mine/reward"), (recipe.Model.Folder, recipe.Data.Folder, recipe.Run.Folder));
        Assert.Equal((2e-3, 0.5, 8, 9.0),
            (recipe.Training.Optimizer.LearningRate, recipe.Training.Optimizer.WeightDecay, recipe.Model.Lora!.Rank, recipe.Training.Epochs));
    }

    [Fact]
    public void AnEmptyValueTakesTheBasesAway()
    {
        var recipe = Load("base: below.yaml\nmodel:\n  lora:\ndata:\n  split:\ntraining:\n  epochs:\n  optimizer:\n", Variables);
        Assert.Null(recipe.Model.Lora); // none where none is possible
        Assert.Null(recipe.Data.Split);
        Assert.Equal(new RewardSettings().Epochs, recipe.Training.Epochs); // the trainer's default elsewhere
        Assert.Equal(new RewardSettings().Optimizer, recipe.Training.Optimizer);
        // what the base does not have cannot be taken away
        Assert.Contains("line 3: training.seed: has no value", Refused("base: below.yaml\ntraining:\n  seed:\n", Variables));
    }

    [Fact]
    public void FaultsOfTheBaseNameItsFile()
    {
        string message = Refused("base: below.yaml\nmodel:\n  rank: 1\n", new RecipeVariables("m"), "training.epochs=0", "training.micro_batch_size=5");
        Assert.StartsWith("--set has 2 faults: training.epochs: '0'", message);
        Assert.Contains("; training.micro_batch_size: 5 is more than batch_size 4", message);
        Assert.Contains("top.yaml has 3 faults: line 3: model.rank: unknown key", message);
        Assert.Contains($"{tiny.At("below.yaml")} line 6: data.folder: ${{name}} has no value; give --name", message);
    }

    [Fact]
    public void TheModelStandsForItsKeyWhereTheRecipeHasNoVariable()
    {
        File.WriteAllText(tiny.At("sft.yaml"), "model: { folder: old }\ndata: { folder: d }\n");
        Assert.Equal("it's",
            ((ModelTrainingRecipe<SftSettings>)RecipeReader.Load(tiny.At("sft.yaml"), trainer: Trainers.All.Find("sft"), variables: new("it's"))).Model.Folder);
        File.WriteAllText(tiny.At("ppo.yaml"),
            "trainer: ppo\nmodel: { policy: old, reward: r, cost: c, lora: {} }\ndata: { prompts: { folder: d } }\ntraining: { ptx_coefficient: 0 }\n");
        Assert.Equal("new", ((PpoRecipe)RecipeReader.Load(tiny.At("ppo.yaml"), variables: new("new"))).Model.Policy);
        Assert.Contains("--name is given, but the recipe has no ${name}",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Load(tiny.At("ppo.yaml"), variables: new(Name: "n"))).Message);
        // --out replaces the only value that uses the name: it is not needed, and not idle either
        File.WriteAllText(tiny.At("named.yaml"), "model: { folder: old }\ndata: { folder: d }\nrun:\n  folder: runs/${name}\n");
        foreach (string? name in (string?[])[null, "n"])
            Assert.Equal("out", RecipeReader.Load(tiny.At("named.yaml"), ["run.folder=out"], Trainers.All.Find("sft"), new(Name: name)).Run.Folder);
    }

    [Fact]
    public void ARecipeOfNoTrainerIsRefused() =>
        Assert.Contains("trainer: is missing",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Parse("trainer:\nmodel: { folder: a }\ndata: { folder: b }")).Message);

    [Fact]
    public void TheResolvedRecipeIsWholeAndReadsBackAsItself()
    {
        var recipe = Load("base: below.yaml\ndata:\n  folder: 'a$${b} $$ $${'\n", Variables);
        Assert.Equal("a${b} $$ ${", recipe.Data.Folder);
        string yaml = recipe.ToYaml();
        Assert.DoesNotContain("base:", yaml);
        Assert.DoesNotContain("${name}", yaml);
        Assert.Equal(yaml, RecipeReader.Parse(yaml).ToYaml());
        Assert.Equal(recipe.Data, ((ModelTrainingRecipe<RewardSettings>)RecipeReader.Parse(yaml)).Data with { Categories = recipe.Data.Categories });
        // values from outside are taken as they are
        Assert.Equal("x${name}", Load("base: below.yaml\n", Variables, "data.folder=x${name}").Data.Folder);
    }

    [Fact]
    public void TheRecipeBesideARunGivesTheSameRun()
    {
        string below = $"trainer: reward\nmodel:\n  folder: ${{model}}\ndata:\n  folder: {tiny.At("world")}\ntraining:\n  batch_size: 4\n  max_steps: 2\n  "
            + $"seed: 5\nrun:\n  folder: {tiny.At("base")}-${{name}}\n";
        File.WriteAllText(tiny.At("tiny-below.yaml"), below);
        File.WriteAllText(tiny.At("tiny.yaml"), "base: tiny-below.yaml\nmodel:\n  lora: { rank: 2 }\ntraining:\n  optimizer:\n    learning_rate: 1e-3\n");
        Recipe recipe = RecipeReader.Load(tiny.At("tiny.yaml"), variables: new(Golden.At("models", "llava-1.5-tiny"), "first"));
        Assert.True(RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
        string kept = tiny.At("base-first", "recipe.yaml");
        Recipe again = RecipeReader.Load(kept, [$"run.folder={tiny.At("base-second")}"]);
        Assert.True(RecipeRunner.Run(again, again.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
        foreach (string file in Directory.EnumerateFiles(tiny.At("base-first", "result")))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(tiny.At("base-second", "result", Path.GetFileName(file))));
        // it is the same run, whichever of the two recipes it is resumed by
        foreach (Recipe same in (Recipe[])[recipe, RecipeReader.Load(kept, [$"run.folder={tiny.At("base-first")}"])])
            Assert.False(RecipeRunner.Run(same, same.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken));
        Recipe other = RecipeReader.Load(tiny.At("tiny.yaml"), ["training.optimizer.learning_rate=2e-3"],
            variables: new(Golden.At("models", "llava-1.5-tiny"), "first"));
        Assert.Contains("another recipe",
            Assert.Throws<InvalidInputException>(() =>
                RecipeRunner.Run(other, other.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken)).Message);
    }

    private ModelTrainingRecipe<RewardSettings> Load(string yaml, RecipeVariables variables, params string[] sets)
    {
        File.WriteAllText(tiny.At("below.yaml"), Below);
        File.WriteAllText(tiny.At("top.yaml"), yaml);
        return (ModelTrainingRecipe<RewardSettings>)RecipeReader.Load(tiny.At("top.yaml"), sets, variables: variables);
    }

    private string Refused(string yaml, RecipeVariables variables, params string[] sets) =>
        Assert.Throws<InvalidInputException>(() => Load(yaml, variables, sets)).Message;
}
