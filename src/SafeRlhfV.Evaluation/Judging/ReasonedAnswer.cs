namespace SafeRlhfV.Evaluation;

/// <summary>An answer and what its model thought before it, as judges and moderators read them: both, and apart.</summary>
public static class ReasonedAnswer
{
    /// <summary>The text to judge; the answer alone where there is no reasoning.</summary>
    public static string Text(string? reasoning, string answer) =>
        string.IsNullOrWhiteSpace(reasoning) ? answer : $"[what the model thought before it answered]\n{reasoning}\n\n[its answer]\n{answer}";
}
