namespace SafeRlhfV.Guard;

/// <summary>What is replaced in prompts before a model sees them.</summary>
/// <param name="Kinds">The kinds; of those that find the same text, the first names it.</param>
public sealed record RedactionRules(IReadOnlyList<SensitiveKind> Kinds)
{
    /// <summary>All built-in kinds.</summary>
    public static RedactionRules Standard { get; } = new(SensitiveKind.All);

    /// <summary>Nothing is replaced: for users, roles and routes that may send everything.</summary>
    public static RedactionRules None { get; } = new([]);

    /// <summary>
    /// Reads <c>redact: { kinds: [ email, card ], patterns: [ { name, pattern } ] }</c>; <c>kinds: [ all ]</c> are all, <c>[ none ]</c> is nothing.
    /// </summary>
    internal static RedactionRules Read(YamlSection section)
    {
        List<SensitiveKind> kinds = [];
        IReadOnlyList<string> named = section.Texts("kinds");
        foreach (YamlSection own in section.Sections("patterns"))
        {
            string name = own.PlainName(), pattern = own.Required("pattern");
            if (SensitiveKind.All.Any(kind => kind.Name == name) || kinds.Any(kind => kind.Name == name))
                own.Fault("name", $"the name {name} is taken");
            if (own.IsPattern("pattern", pattern)) kinds.Add(SensitiveKind.OfPattern(name, pattern));
        }
        foreach (string name in named)
        {
            if (name is "all") kinds.AddRange(SensitiveKind.All);
            else if (SensitiveKind.All.FirstOrDefault(kind => kind.Name == name) is { } kind) kinds.Add(kind);
            else if (name is not "none")
                section.Fault("kinds", $"'{name}' must be all, none, or some of {string.Join(", ", SensitiveKind.All.Select(one => one.Name))}");
        }
        if (kinds.Count == 0 && named.Count == 0) section.Fault(null, "give kinds or patterns");
        return new([.. kinds.Distinct()]);
    }
}
