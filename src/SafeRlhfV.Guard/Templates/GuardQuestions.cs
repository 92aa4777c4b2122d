namespace SafeRlhfV.Guard;

/// <summary>
/// The policies that a guard is asked about one by one: the model's or the profile's, others in their place or behind them, and which are chosen.
/// </summary>
internal static class GuardQuestions
{
    /// <summary>The policies by name; one without a name where one question stands for all.</summary>
    /// <exception cref="InvalidInputException">A chosen policy is not known.</exception>
    public static IReadOnlyList<(string? Name, string? Text)> Of(GuardProfile profile, IGuardModel model, TemplateOptions options)
    {
        if (profile.Policies.Count == 0) return [(null, options.Policy)];
        OrderedDictionary<string, string> all = new(model.Policies.Count > 0 ? model.Policies : profile.Policies);
        foreach ((string name, string text) in options.CustomPolicies) all[name] = text;
        string[] chosen = options.Policies.Count > 0 ? [.. options.Policies] : [.. all.Keys];
        return chosen.FirstOrDefault(name => !all.ContainsKey(name)) is { } unknown
            ? throw new InvalidInputException($"{profile.Names[0]}: policies: '{unknown}' is not known; known are {string.Join(", ", all.Keys)}.")
            : [.. chosen.Select(name => ((string?)name, (string?)all[name]))];
    }
}
