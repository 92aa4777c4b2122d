namespace SafeRlhfV.Guard;

/// <summary>Decides what happens to content by category and severity, for prompts and answers, users, roles and routes.</summary>
/// <remarks>
/// Rules of a flagged category are looked up first, at the user, the role, the route and then the policy itself; only where none speaks, the general
/// rules in the same order. So a user's general leniency never loosens a category's own rule. Of several flagged categories the strictest action wins.
/// A verdict that failed is blocked, whatever the rules say, and so is content that nobody can judge.
/// </remarks>
public sealed record GuardPolicy
{
    /// <summary>Prompts: a notice for minor harm, a block for worse. Answers: regenerated.</summary>
    public static GuardPolicy Default { get; } = new()
    {
        Version = "default",
        Rules = new()
        {
            Prompt = new(GuardAction.AllowWithNotice, GuardAction.Block, GuardAction.Block),
            Answer = SeverityRules.All(GuardAction.Regenerate),
        },
    };

    /// <summary>What audit records call this policy.</summary>
    public required string Version { get; init; }

    /// <summary>The policy's own rules, for everyone.</summary>
    public PolicyRules Rules { get; init; } = new();

    /// <summary>Rules of single users.</summary>
    public IReadOnlyDictionary<string, PolicyRules> Users { get; init; } = new Dictionary<string, PolicyRules>();

    /// <summary>Rules of roles.</summary>
    public IReadOnlyDictionary<string, PolicyRules> Roles { get; init; } = new Dictionary<string, PolicyRules>();

    /// <summary>Rules of routes.</summary>
    public IReadOnlyDictionary<string, PolicyRules> Routes { get; init; } = new Dictionary<string, PolicyRules>();

    /// <summary>Categories beside the twenty.</summary>
    public IReadOnlyList<OwnCategory> OwnCategories { get; init; } = [];

    /// <summary>How thoroughly texts are read for the words and patterns of these categories.</summary>
    public ReadingDepth Readings { get; init; }

    /// <summary>Thresholds that decide verdicts anew; null leaves them as the moderator gave them.</summary>
    public GuardThresholds? Thresholds { get; init; }

    /// <summary>How often an answer is regenerated before it is refused (K).</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>The notice put before content that passes with one; {severity} and {categories} are filled in.</summary>
    public string Notice { get; init; } = "Notice: this may touch on {categories} ({severity}).";

    /// <summary>The refusal of a prompt; {severity}, {categories} and {reason} are filled in.</summary>
    public string PromptRefusal { get; init; } = "I can't help with this request: it was judged unsafe ({reason}). You are welcome to ask in another way.";

    /// <summary>The refusal after the last round; {severity}, {categories}, {reason} and {rounds} are filled in.</summary>
    public string AnswerRefusal { get; init; } =
        "I can't give an answer to this: every draft ({rounds}) was judged unsafe ({reason}). You are welcome to ask in another way.";

    /// <summary>What is said where the safety check could not be made, for prompts and answers.</summary>
    public string FailureRefusal { get; init; } = "I can't answer now: the safety check could not be made. Please try again later.";

    /// <summary>What is to be done with content.</summary>
    public GuardDecision Decide(Verdict verdict, GuardSide side, GuardContext? context = null)
    {
        context ??= GuardContext.Anyone;
        if (verdict.Failure is not null || verdict.IsUnreadable) return new(GuardAction.Block, side, verdict, [], Version);
        if (Thresholds is not null) return DecideJudged(Thresholds.Rejudge(verdict), side, context) with { Judged = verdict };
        return DecideJudged(verdict, side, context);
    }

    private GuardDecision DecideJudged(Verdict verdict, GuardSide side, GuardContext context)
    {
        if (!verdict.IsUnsafe) return new(GuardAction.Allow, side, verdict, [], Version);

        PolicyRules[] layers = [.. Layers(context)];
        GuardAction general = layers.Select(layer => layer.InGeneral(side, verdict.Severity)).FirstOrDefault(action => action is not null) ?? GuardAction.Block;
        if (verdict.Flagged.Count == 0) return new(Fit(general, side), side, verdict, [], Version);

        GuardAction strictest = GuardAction.Allow;
        List<string> decidedBy = [];
        foreach (string category in verdict.Flagged)
        {
            GuardAction action = Fit(layers.Select(layer => layer.ForCategory(side, category, verdict.Severity)).FirstOrDefault(found => found is not null)
                ?? general, side);
            if (action > strictest) (strictest, decidedBy) = (action, []);
            if (action == strictest) decidedBy.Add(category);
        }
        return new(strictest, side, verdict, decidedBy, Version);
    }

    /// <summary>
    /// What is replaced in prompts: by the first of user, role, route and the policy itself that says so, and the own categories whose prompts are redacted.
    /// </summary>
    /// <returns>Null where nothing is.</returns>
    public RedactionRules? RedactionFor(GuardContext context)
    {
        PolicyRules[] layers = [.. Layers(context)];
        IReadOnlyList<SensitiveKind> kinds = layers.Select(layer => layer.Redaction).FirstOrDefault(rules => rules is not null)?.Kinds ?? [];
        OwnCategory[] own = [.. OwnCategories.Where(category => layers.Select(layer => layer.ForCategory(GuardSide.Prompt, category.Name, category.Severity))
            .FirstOrDefault(action => action is not null) == GuardAction.Redact)];
        return kinds.Count + own.Length == 0 ? null : new([.. own.Select(SensitiveKind.Of), .. kinds]);
    }

    private IEnumerable<PolicyRules> Layers(GuardContext context)
    {
        if (context.User is not null && Users.TryGetValue(context.User, out PolicyRules? user)) yield return user;
        if (context.Role is not null && Roles.TryGetValue(context.Role, out PolicyRules? role)) yield return role;
        if (context.Route is not null && Routes.TryGetValue(context.Route, out PolicyRules? route)) yield return route;
        yield return Rules;
    }

    // A prompt cannot be regenerated, and what is still found after redaction cannot be redacted.
    private static GuardAction Fit(GuardAction action, GuardSide side) =>
        action == GuardAction.Redact || (side == GuardSide.Prompt && action == GuardAction.Regenerate) ? GuardAction.Block : action;
}
