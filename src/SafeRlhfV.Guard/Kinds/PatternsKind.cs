namespace SafeRlhfV.Guard;

/// <summary><c>kind: patterns</c>: words and regular expressions of one category.</summary>
public sealed class PatternsKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "patterns";

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder)
    {
        Settings settings = new(
            section.Required("category"),
            section.Choice("severity", ("minor", Severity.Minor), ("moderate", Severity.Moderate), ("severe", Severity.Severe)) ?? Severity.Moderate,
            section.Texts("keywords"), section.Texts("patterns"), section.Readings());
        if (settings.Keywords.Count + settings.Patterns.Count == 0) section.Fault(null, "give keywords or patterns");
        foreach (string pattern in settings.Patterns) section.IsPattern("patterns", pattern);
        return settings;
    }

    private sealed record Settings(string Category, Severity Severity, IReadOnlyList<string> Keywords, IReadOnlyList<string> Patterns, ReadingDepth Readings)
        : ModeratorSettings
    {
        public override IModerator Open(ModeratorParts parts) => new PatternModerator(
        [
            .. Keywords.Select(keyword => PatternRule.ForKeyword(Category, Severity, keyword)),
            .. Patterns.Select(pattern => PatternRule.ForPattern(Category, Severity, pattern)),
        ])
        { Depth = Readings };
    }
}
