namespace SafeRlhfV.Guard;

/// <summary>Settings of a <see cref="TemplateModerator"/>.</summary>
public sealed record TemplateOptions
{
    /// <summary>The prompt that the model was trained on, with {question}, {answer} and {policy}; null: the profile's own.</summary>
    public string? Template { get; init; }

    /// <summary>The policy's text; null: the profile's own.</summary>
    public string? Policy { get; init; }

    /// <summary>Which of the policies to ask about, where the profile asks about each by itself; empty: all.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>Policies in the place of those of the same name, or behind them, where the profile asks about each by itself.</summary>
    public IReadOnlyDictionary<string, string> CustomPolicies { get; init; } = new Dictionary<string, string>();

    /// <summary>What the model's codes mean where that is other than in the profile.</summary>
    public IReadOnlyDictionary<string, string> Categories { get; init; } = new Dictionary<string, string>();

    /// <summary>The most tokens of an answer; null: as many as the profile allows.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How many requests may be under way at once.</summary>
    public int Parallel { get; init; } = 8;

    /// <summary>The moderator's name; null: the profile's.</summary>
    public string? Name { get; init; }
}
