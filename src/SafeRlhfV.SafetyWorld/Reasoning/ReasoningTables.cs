namespace SafeRlhfV.SafetyWorld;

/// <summary>Questions with one right answer, and how a scene decides it. Their words come behind those of the world's other texts.</summary>
internal static class ReasoningTables
{
    private static readonly string[] Counts = ["0", "1", "2", "3", "4", "5", "6"];

    private static readonly string[] Numbers = ["leaves", "rings", "same"];

    /// <summary>The questions: text, answers that could be, and the right one.</summary>
    public static readonly ExactQuestion[] Questions =
    [
        Count("how many things do you see ?", Things), Count("how many things are here ?", Things),
        new("colour", "which colour is this ?", WorldTables.Colours, scene => WorldTables.Colours[scene.Colour]),
        new("colour", "what is the colour of this ?", WorldTables.Colours, scene => WorldTables.Colours[scene.Colour]),
        new("larger", "which number is larger , leaves or rings ?", Numbers, Larger), new("larger", "are there more leaves or rings ?", Numbers, Larger),
        new("two-step", "how many cells are empty ?", Counts[..4], scene => Counts[Scene.CellCount - Things(scene)]),
        new("two-step", "add the leaves to the number of things .", Counts[1..], scene => Counts[Things(scene) + Ones(scene.LeafPlaces)]),
    ];

    /// <summary>What stands in a cell, by <see cref="Scene.ContentOf"/>; null where it is empty.</summary>
    public static readonly string?[] Contents =
        [null, .. WorldTables.Objects.Select(item => item.Name), .. WorldTables.Marks[1..].Select(mark => mark.Split(' ')[^1]), "leaf", "ring"];

    /// <summary>The texts whose words are new.</summary>
    public static IEnumerable<string> Texts => [Data.Thoughts.Open, Data.Thoughts.Close, "leaf", "ring", .. Questions.Select(question => question.Text),
        .. Counts, .. Questions.SelectMany(question => question.Answers), "the answer is"];

    private static ExactQuestion Count(string text, Func<Scene, int> of) => new("count", text, Counts[1..5], scene => Counts[of(scene)]);

    private static int Things(Scene scene) => Enumerable.Range(0, Scene.CellCount).Count(cell => scene.ContentOf(cell) > 0);

    private static string Larger(Scene scene) =>
        Numbers[(Ones(scene.LeafPlaces) - Ones(scene.RingPlaces)) switch { > 0 => 0, < 0 => 1, _ => 2 }];

    private static int Ones(int bits) => System.Numerics.BitOperations.PopCount((uint)bits);
}
