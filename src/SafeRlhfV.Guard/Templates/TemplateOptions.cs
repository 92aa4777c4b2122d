namespace SafeRlhfV.Guard;

/// <summary>Settings of a <see cref="TemplateModerator"/>.</summary>
public sealed record TemplateOptions
{
    /// <summary>The prompt that the model was trained on, with {question}, {answer} and {policy}; null: the profile's own.</summary>
    public string? Template { get; init; }

    /// <summary>The policy's text; null: the profile's own.</summary>
    public string? Policy { get; init; }

    /// <summary>What the model's codes mean where that is other than in the profile.</summary>
    public IReadOnlyDictionary<string, string> Categories { get; init; } = new Dictionary<string, string>();

    /// <summary>The most tokens of an answer; null: as many as the profile allows.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How many requests may be under way at once.</summary>
    public int Parallel { get; init; } = 8;

    /// <summary>The moderator's name; null: the profile's.</summary>
    public string? Name { get; init; }
}
