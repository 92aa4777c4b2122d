namespace SafeRlhfV.Guard;

/// <summary>One layer of a policy: rules for prompts and answers, in general and by category.</summary>
public sealed record PolicyRules
{
    /// <summary>For prompts of any category.</summary>
    public SeverityRules Prompt { get; init; } = new();

    /// <summary>For answers of any category.</summary>
    public SeverityRules Answer { get; init; } = new();

    /// <summary>For prompts of one category.</summary>
    public IReadOnlyDictionary<string, SeverityRules> PromptCategories { get; init; } = new Dictionary<string, SeverityRules>();

    /// <summary>For answers of one category.</summary>
    public IReadOnlyDictionary<string, SeverityRules> AnswerCategories { get; init; } = new Dictionary<string, SeverityRules>();

    /// <summary>What is replaced in prompts; null where this layer says nothing.</summary>
    public RedactionRules? Redaction { get; init; }

    internal GuardAction? ForCategory(GuardSide side, string category, Severity severity) =>
        (side == GuardSide.Prompt ? PromptCategories : AnswerCategories).GetValueOrDefault(category)?.For(severity);

    internal GuardAction? InGeneral(GuardSide side, Severity severity) => (side == GuardSide.Prompt ? Prompt : Answer).For(severity);
}
