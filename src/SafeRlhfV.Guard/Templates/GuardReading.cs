namespace SafeRlhfV.Guard;

/// <summary>What a published guard said, as its profile reads it.</summary>
/// <param name="IsUnsafe">Whether it finds the content unsafe.</param>
/// <param name="LabelAt">Where in its text the word stands that decides; the probability there is the score.</param>
public sealed record GuardReading(bool IsUnsafe, int LabelAt)
{
    /// <summary>The codes of its own categories, such as S1.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];

    /// <summary>How grave it finds unsafe content; null: it does not say.</summary>
    public Severity? Severity { get; init; }

    /// <summary>Why, in its words.</summary>
    public string? Reason { get; init; }
}
