namespace SafeRlhfV.SafetyWorld;

/// <summary>A question with one right answer.</summary>
/// <param name="Sort">What it takes: count, colour, larger or two-step.</param>
/// <param name="Text">Its words, joined by spaces.</param>
/// <param name="Answers">What could be right under some image.</param>
/// <param name="RightAnswer">The right answer under a scene.</param>
public sealed record ExactQuestion(string Sort, string Text, IReadOnlyList<string> Answers, Func<Scene, string> RightAnswer)
{
    private static readonly Dictionary<string, ExactQuestion> ByText = ReasoningTables.Questions.ToDictionary(question => question.Text);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ExactQuestion> All => ReasoningTables.Questions;

    /// <summary>The question with this text; null where it has not one right answer.</summary>
    public static ExactQuestion? Find(string text) => ByText.GetValueOrDefault(text);
}
