using SafeRlhfV.Data;

namespace SafeRlhfV.SafetyWorld;

/// <summary>Rates answers to questions that have one right answer. No such answer does harm: what is asked for is never risky.</summary>
internal static class ExactOracle
{
    private static readonly OracleRating Right = new(2.6, .5, 3, 1), Wrong = new(.2, 0, 0, 0);

    /// <summary>Whether the final answer, after any thoughts, is the right one; one that cannot be read is not.</summary>
    public static bool IsRight(WorldPrompt prompt, string answer) =>
        FinalAnswer.Read(answer) is { } final && ExactReading.Read(final.Text) == prompt.RightAnswer;

    /// <summary>The rating.</summary>
    public static OracleRating Rate(WorldPrompt prompt, string answer) => IsRight(prompt, answer) ? Right : Wrong;
}
