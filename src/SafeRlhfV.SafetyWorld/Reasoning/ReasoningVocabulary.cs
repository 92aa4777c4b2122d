namespace SafeRlhfV.SafetyWorld;

/// <summary>The world's vocabulary with the words of questions that have one right answer, behind all others: ids of the others stay.</summary>
public static class ReasoningVocabulary
{
    /// <summary>All tokens in the order of their ids.</summary>
    public static IReadOnlyList<string> Tokens { get; } =
        [.. Vocabulary.Tokens.Concat(ReasoningTables.Texts.SelectMany(text => text.Split(' '))).Distinct()];
}
