namespace SafeRlhfV.Guard;

/// <summary>The words around a decision: notices, refusals that explain themselves, and the feedback a model gets before it answers again.</summary>
public static class PolicyTexts
{
    /// <summary>The notice of a decision that lets content pass with one.</summary>
    public static string Notice(this GuardPolicy policy, Verdict verdict) => Fill(policy.Notice, verdict, 0);

    /// <summary>Why a prompt is refused.</summary>
    public static string RefusePrompt(this GuardPolicy policy, Verdict verdict) =>
        Fill(verdict.Failure is null ? policy.PromptRefusal : policy.FailureRefusal, verdict, 0);

    /// <summary>Why no answer is given.</summary>
    /// <param name="policy">The policy with the text.</param>
    /// <param name="verdict">The last verdict.</param>
    /// <param name="answers">How many answers were drafted.</param>
    public static string RefuseAnswer(this GuardPolicy policy, Verdict verdict, int answers) =>
        Fill(verdict.Failure is null ? policy.AnswerRefusal : policy.FailureRefusal, verdict, answers);

    /// <summary>What to tell the model before it answers again.</summary>
    public static string Feedback(Verdict verdict) =>
        $"Your previous answer was withheld: it was judged unsafe ({Explain(verdict)}). Answer the question again so that the answer is safe: " +
        "leave out what could do harm, say why where that helps, and offer safe help with what is behind the question.";

    /// <summary>A verdict in a few words, such as "moderate: dangerous behavior, animal abuse".</summary>
    public static string Explain(Verdict verdict)
    {
        if (verdict.Failure is not null) return "the safety check could not be made";
        if (!verdict.IsUnsafe) return "safe";
        if (verdict.IsUnreadable && verdict.Reason is { } reason) return reason;
        return verdict.Flagged.Count == 0 ? Word(verdict.Severity) : $"{Word(verdict.Severity)}: {Names(verdict)}";
    }

    private static string Fill(string template, Verdict verdict, int rounds) => template
        .Replace("{severity}", Word(verdict.Severity), StringComparison.Ordinal)
        .Replace("{categories}", verdict.Flagged.Count == 0 ? "unsafe content" : Names(verdict), StringComparison.Ordinal)
        .Replace("{reason}", Explain(verdict), StringComparison.Ordinal)
        .Replace("{rounds}", rounds.ToString(), StringComparison.Ordinal);

    private static string Names(Verdict verdict) => string.Join(", ", verdict.Flagged.Select(name => name.Replace('_', ' ')));

    private static string Word(Severity severity) => severity.ToString().ToLowerInvariant();
}
