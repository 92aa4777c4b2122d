namespace SafeRlhfV.Models;

/// <summary>From which probability on a guard says unsafe and names a category, after the temperatures.</summary>
public sealed record GuardCutoffs
{
    /// <summary>A question alone is unsafe from here on, 0..1.</summary>
    public double Prompt { get; init; } = 0.5;

    /// <summary>An answer is unsafe from here on, 0..1.</summary>
    public double Answer { get; init; } = 0.5;

    /// <summary>A category is named from here on, 0..1, where <see cref="Categories"/> has no number of its own for it.</summary>
    public double Category { get; init; } = 0.5;

    /// <summary>Cut-offs of single categories, 0..1.</summary>
    public IReadOnlyDictionary<string, double> Categories { get; init; } = new Dictionary<string, double>();
}
