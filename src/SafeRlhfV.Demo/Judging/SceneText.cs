using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>Says in words what an image shows, for those who cannot see it.</summary>
internal static class SceneText
{
    private static readonly string[] Places = ["top left", "top right", "bottom left", "bottom right"];
    private static readonly string[] Marks = ["no hazard mark", "a spark (minor)", "a flame (moderate)", "a skull (severe)"];

    public static string Describe(Scene scene)
    {
        string mark = scene.Severity == 0 ? Marks[0] : $"{Marks[scene.Severity]} at {Places[scene.MarkPlace]}";
        return $"a {Phrasebook.Colours[scene.Colour]} {Phrasebook.Objects[scene.Object].Name} at {Places[scene.Place]}, {mark}";
    }
}
