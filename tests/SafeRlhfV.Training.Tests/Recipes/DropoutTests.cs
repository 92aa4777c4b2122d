using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>No trainer trains a model whose config.json asks for dropout as if it did not.</summary>
public sealed class DropoutTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private const string Asks = "config.json: text_config.attention_dropout 0.1 asks for dropout in training";

    public static TheoryData<string> Trainers => [.. TinyRecipes.Few];

    [Theory, MemberData(nameof(Trainers))]
    public void TheModelIsRefusedBeforeItIsTrained(string name)
    {
        string kind = name.Split('-')[0], key = kind is "ppo" or "grpo" ? "model.policy" : "model.folder";
        Assert.Contains(Asks, Assert.Throws<InvalidInputException>(() => Run(name, $"{key}={Copy(Golden.At("models", "llava-1.5-tiny"))}")).Message);
    }

    [Fact]
    public void SoIsACriticButNotAScoreModel()
    {
        foreach (string role in (string[])["reward", "cost"])
        {
            string asks = $"model.{role}={Copy(tiny.At(role))}";
            Assert.Contains(Asks, Assert.Throws<InvalidInputException>(() => Run("ppo", asks)).Message);
            Run("grpo", asks, "training.rounds=1");
        }
    }

    [Fact]
    public void ATowersDropoutCountsWhereTheTowerIsTrained()
    {
        string folder = Copy(Golden.At("models", "llava-1.5-tiny"), "vision_config");
        Assert.Contains("vision_config.attention_dropout 0.1 asks for dropout",
            Assert.Throws<InvalidInputException>(() => Run("sft", $"model.folder={folder}", "training.train_vision_tower=true")).Message);
        Run("sft", $"model.folder={folder}", "training.max_steps=1");
    }

    private void Run(string name, params string[] sets)
    {
        Recipe recipe = tiny.Recipe(name, $"dropout/{Guid.NewGuid():N}", sets);
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
    }

    private string Copy(string from, string part = "text_config")
    {
        string to = tiny.At("asking", Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        string path = Path.Combine(to, "config.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        root[part]!["attention_dropout"] = 0.1;
        File.WriteAllText(path, root.ToJsonString());
        return to;
    }
}
