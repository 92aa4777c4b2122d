namespace SafeRlhfV.Training.Tests;

/// <summary>At a resume all of a recipe is compared but what only says where something is.</summary>
public sealed class RecipeComparisonTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static readonly string[] Servers = ["rollouts.endpoints=[http://127.0.0.1:1]"];

    public static TheoryData<string> Names => [.. TinyRecipes.Few, .. TinyRecipes.Rest];

    [Theory, MemberData(nameof(Names))]
    public void EveryKeyButPlacesCounts(string name)
    {
        // a round is asked of servers once, and they have low-rank products alone
        Recipe recipe = tiny.Recipe(name, "any", name.Split('-') switch
        {
            ["ppo", "saved"] => [.. Servers, "model.lora.modules_to_save=[]"],
            ["ppo", ..] => Servers,
            ["grpo", ..] => [.. Servers, "training.resample=0"],
            _ => [],
        });
        string yaml = recipe.ToYamlWithoutRun();
        IReadOnlyList<string> places = recipe.ToRunOptions(resume: true).RecipePlaces;
        RecipeComparison comparison = new(places);
        Assert.Null(comparison.Difference(yaml, yaml));
        string[] lines = yaml.TrimEnd('\n').Split('\n');
        List<string> sections = [], moved = [];
        for (int i = 0; i < lines.Length; i++)
        {
            int depth = lines[i].TakeWhile(letter => letter == ' ').Count() / 2;
            sections = [.. sections.Take(depth), lines[i].Trim().Split(':')[0]];
            string other = string.Join('\n', [.. lines[..i], lines[i] + "7", .. lines[(i + 1)..]]) + "\n";
            bool isPlace = places.Contains(string.Join('.', sections));
            Assert.Equal(isPlace, comparison.Difference(yaml, other) is null);
            Assert.Equal(isPlace, comparison.Moves(yaml, other).Any());
            Assert.Equal(isPlace, comparison.Without(yaml) == comparison.Without(other));
            if (isPlace) moved.Add(string.Join('.', sections));
        }
        Assert.Equal(places.Where(place => moved.Contains(place)), moved);
        Assert.Contains(moved, key => key.EndsWith("folder", StringComparison.Ordinal));
        // what numbers follow from is compared, wherever it stands
        Assert.DoesNotContain(places, key => key.StartsWith("training.", StringComparison.Ordinal) || key.Split('.')[^1]
            is "seed" or "split" or "config" or "server" or "weight_cap" or "device" or "dtype" or "sharing" or "rank");
    }

    [Fact]
    public void AMoveIsTold()
    {
        RecipeComparison comparison = new(["data.folder"]);
        Assert.Equal("data.folder has changed since the run started: a then, \"/b: c\" now. It changes no numbers.",
            Assert.Single(comparison.Moves("data:\n  folder: a\n  split: train\n", "data:\n  folder: \"/b: c\"\n  split: train\n")));
        Assert.Equal("line 3: 'split: train' there, 'split: test' here",
            comparison.Difference("data:\n  folder: a\n  split: train\n", "data:\n  folder: b\n  split: test\n"));
    }
}
