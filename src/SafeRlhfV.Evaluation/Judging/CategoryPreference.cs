namespace SafeRlhfV.Evaluation;

/// <summary>Win rates on the prompts of one category.</summary>
/// <param name="Category">The category.</param>
/// <param name="Helpful">Helpfulness.</param>
/// <param name="Safe">Safety.</param>
public sealed record CategoryPreference(string Category, WinRate Helpful, WinRate Safe);
