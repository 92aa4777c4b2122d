namespace SafeRlhfV.SafetyWorld.Tests;

/// <summary>Scenes and prompts that tests speak about: a red laptop at the top left.</summary>
internal static class Worlds
{
    public const int Laptop = 0, Red = 0, TopLeft = 0;

    public static Scene Scene(int severity = 0) => new(Laptop, Red, TopLeft, severity, severity > 0 ? 3 : -1, 0, 0);

    public static WorldPrompt Prompt(QuestionKind kind, int severity = 0) => new(0, "example", Scene(severity), Question.Of(kind)[0]);

    public static OracleRating Rate(QuestionKind kind, int severity, string answer) => Oracle.Rate(Prompt(kind, severity), answer);
}
