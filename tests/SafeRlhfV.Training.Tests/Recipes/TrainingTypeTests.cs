using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>Nothing is trained in float16.</summary>
public sealed class TrainingTypeTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    [Theory]
    [InlineData("sft")]
    [InlineData("sft-lora")]
    [InlineData("reward")]
    [InlineData("cost")]
    [InlineData("scores")]
    [InlineData("dpo")]
    [InlineData("guard")]
    [InlineData("ppo")]
    [InlineData("ppo-backbone")]
    public void AFloat16CheckpointIsTrainedInBfloat16AndThatIsSaid(string name)
    {
        Prepare();
        bool ppo = name.StartsWith("ppo", StringComparison.Ordinal);
        string[] places = ppo ? [$"model.policy={tiny.At("half")}", "training.rounds=1",
            .. name == "ppo" ? (string[])[$"model.reward={tiny.At("half-reward")}", $"model.cost={tiny.At("half-cost")}"] : []]
                : [$"model.folder={tiny.At("half")}", "training.max_steps=1"];
        if (name == "ppo-backbone") places = [.. places, $"model.reward={tiny.At("half-reward-adapter")}", $"model.cost={tiny.At("half-cost-adapter")}"];
        Recipe recipe = tiny.Recipe(name, $"half-{name}", places);
        Assert.Contains("bfloat16", RecipePlan.ByData(recipe).Memory.Assumed);
        Assert.Equal(RecipePlan.ByData(tiny.Recipe(name, "plan", [.. places, "model.dtype=bfloat16"])).Memory.TotalBytes,
            RecipePlan.ByData(recipe).Memory.TotalBytes);
        List<string> notes = [];
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), new Listener(notes), TestContext.Current.CancellationToken);
        Assert.Contains(notes, note =>
            note.Contains("half is stored as float16, which cannot be trained in; it is loaded as bfloat16", StringComparison.Ordinal));
        string result = Path.Combine(recipe.Run.Folder, "result");
        if (File.Exists(Path.Combine(result, "config.json"))) Assert.Equal(ScalarType.BFloat16, ModelCheckpoint.StoredType(result));
    }

    [Theory]
    [InlineData(null, ScalarType.Float16, ScalarType.BFloat16)]
    [InlineData(null, ScalarType.BFloat16, ScalarType.BFloat16)]
    [InlineData(null, ScalarType.Float32, ScalarType.Float32)]
    [InlineData(WeightType.Float32, ScalarType.Float16, ScalarType.Float32)]
    public void TheRecipesTypeGoesFirst(WeightType? wanted, ScalarType stored, ScalarType expected) => Assert.Equal(expected,
        TrainingType.Of(wanted, stored, "cpu"));

    private void Prepare()
    {
        if (Directory.Exists(tiny.At("half"))) return;
        SaveOptions half = new() { Dtype = ScalarType.Float16 };
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        foreach ((string name, string? head) in new[] { ("half-reward", "reward"), ("half-cost", "cost"), ("half", null) })
        {
            ModelCheckpoint.Save(model, tiny.At(name), half);
            if (head is null) continue;
            using ScoreHead score = ScoreHead.Load(tiny.At(head), model.HiddenSize);
            score.Save(tiny.At(name));
            LoraAdapter adapter = model.Adapters.Create(name, new LoraRecipe { Rank = 2 }.ToConfig(tiny.At("half")), 1);
            adapter.Save(tiny.At($"{name}-adapter"));
            score.Save(tiny.At($"{name}-adapter"));
        }
    }

    private sealed class Listener(List<string> notes) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => notes.AddRange(value.Notes);
    }
}
