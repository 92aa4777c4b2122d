namespace SafeRlhfV.Guard;

/// <summary>
/// Finds words and patterns, in every reading of a text (<see cref="TextReadings"/>). It sees no images: use it beside a guard model, in tests, and for a
/// policy's own categories.
/// </summary>
public sealed class PatternModerator : INonBlockingModerator
{
    private readonly PatternRule[] rules;
    private readonly bool hasKeywords;
    private bool isOwn; // of a policy
    private readonly Verdict safe;

    /// <summary>Creates the moderator.</summary>
    public PatternModerator(IEnumerable<PatternRule> rules, string name = "patterns")
    {
        (this.rules, Name, safe) = ([.. rules], name, Verdict.Safe(name));
        hasKeywords = this.rules.Any(rule => rule.Letters is not null);
    }

    /// <summary>The moderator of a policy's own categories; null where none has keywords or patterns.</summary>
    public static PatternModerator? For(GuardPolicy policy)
    {
        PatternRule[] rules =
        [
            .. policy.OwnCategories.SelectMany(own => own.Keywords.Select(keyword => PatternRule.ForKeyword(own.Name, own.Severity, keyword))),
            .. policy.OwnCategories.SelectMany(own => own.Patterns.Select(pattern => PatternRule.ForPattern(own.Name, own.Severity, pattern))),
        ];
        return rules.Length == 0 ? null : new(rules, "own-categories") { isOwn = true, Depth = policy.Readings };
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>How many ways of hiding a word are undone.</summary>
    public ReadingDepth Depth { get; init; }

    /// <inheritdoc/>
    public bool IsImmediate => true;

    /// <inheritdoc/>
    public bool SeesImages => false;

    /// <inheritdoc/>
    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Verdict[] verdicts = new Verdict[requests.Count];
        for (int i = 0; i < verdicts.Length; i++)
        {
            verdicts[i] = Judge(requests[i].Response ?? requests[i].Question, cancellationToken);
        }
        return Task.FromResult<IReadOnlyList<Verdict>>(verdicts);
    }

    private Verdict Judge(string text, CancellationToken cancellationToken)
    {
        List<PatternRule>? hits = null;
        try
        {
            foreach (string reading in TextReadings.Each(text, Depth, cancellationToken))
            {
                IReadOnlyList<SpelledRun> runs = hasKeywords ? SpelledRun.Of(reading, joinsWords: Depth == ReadingDepth.Thorough) : [];
                foreach (PatternRule rule in rules)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (hits?.Contains(rule) == true) continue;
                    if (rule.Pattern.IsMatch(reading) || (rule.Letters is { } letters && runs.Any(run => run.Holds(letters)))) (hits ??= []).Add(rule);
                }
            }
        }
        catch (UnreadableTextException error)
        {
            return Verdict.Unreadable(Name, error.Message);
        }
        if (hits is null) return safe;
        Verdict found = Verdict.Unsafe(Name, hits.Max(hit => hit.Severity), [.. rules.Where(hits.Contains).Select(hit => hit.Category)]);
        return isOwn ? found with { WithoutOwn = safe } : found;
    }
}
