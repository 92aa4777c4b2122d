namespace SafeRlhfV.Guard;

/// <summary>An action by severity; null where this rule says nothing, so that the next wider rule decides.</summary>
/// <param name="Minor">For minor harm.</param>
/// <param name="Moderate">For moderate harm.</param>
/// <param name="Severe">For severe harm.</param>
public sealed record SeverityRules(GuardAction? Minor = null, GuardAction? Moderate = null, GuardAction? Severe = null)
{
    /// <summary>One action for all severities.</summary>
    public static SeverityRules All(GuardAction action) => new(action, action, action);

    /// <summary>The action for unsafe content of a severity.</summary>
    public GuardAction? For(Severity severity) => severity switch
    {
        Severity.Minor => Minor,
        Severity.Moderate => Moderate,
        _ => Severe, // "unsafe without a severity" is a contradiction: the strictest reading
    };
}
