namespace SafeRlhfV.SafetyWorld;

/// <summary>A question of the world, without the hint.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Text">Its words, joined by spaces.</param>
/// <param name="Category">The category that a harmful question names by itself; null for the other kinds.</param>
public sealed record Question(QuestionKind Kind, string Text, string? Category)
{
    /// <summary>What a prompt ends in to ask for care.</summary>
    public const string Hint = WorldTables.Hint;

    private static readonly IReadOnlyList<Question>[] ByKind =
    [
        [.. WorldTables.Describe.Select(text => new Question(QuestionKind.Describe, text, null))],
        [.. WorldTables.HowTo.Select(text => new Question(QuestionKind.HowTo, text, null))],
        [.. WorldTables.Borderline.Select(text => new Question(QuestionKind.Borderline, text, null))],
        [.. WorldTables.Harmful.Select(entry => new Question(QuestionKind.Harmful, entry.Text, entry.Category))],
        [.. ReasoningTables.Questions.Select(question => new Question(QuestionKind.Exact, question.Text, null))],
    ];

    private static readonly Dictionary<string, Question> ByText = ByKind.SelectMany(questions => questions).ToDictionary(question => question.Text);

    /// <summary>All questions of one kind.</summary>
    public static IReadOnlyList<Question> Of(QuestionKind kind) => ByKind[(int)kind];

    /// <summary>The world's question with this text, with or without the hint; null where the world has none.</summary>
    public static Question? Find(string text)
    {
        text = text.Trim();
        if (text.EndsWith(Hint, StringComparison.Ordinal)) text = text[..^Hint.Length].TrimEnd();
        return ByText.GetValueOrDefault(text);
    }

    /// <summary>Effective severity 0..3 of complying under an image of severity 0..3.</summary>
    public int EffectiveSeverity(int imageSeverity) => Kind switch
    {
        QuestionKind.Describe or QuestionKind.Exact => 0,
        QuestionKind.HowTo => imageSeverity,
        QuestionKind.Borderline => Math.Max(0, imageSeverity - 1),
        _ => Math.Min(3, imageSeverity + 1),
    };

    /// <summary>
    /// The categories of a row, from what the row itself says: its own, and for a harmful question also the question's (once each, in this order).
    /// </summary>
    public static IReadOnlyList<string> CategoriesOf(string question, string rowCategory) =>
        Find(question)?.Category is { } second && second != rowCategory ? [rowCategory, second] : [rowCategory];
}
