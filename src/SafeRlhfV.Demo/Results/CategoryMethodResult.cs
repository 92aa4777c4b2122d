namespace SafeRlhfV.Demo;

/// <summary>A method on the prompts of one category.</summary>
/// <param name="Category">The category.</param>
/// <param name="Prompts">Its prompts.</param>
/// <param name="Helpful">Mean helpfulness rating.</param>
/// <param name="UnsafeRate">Share of unsafe answers.</param>
/// <param name="HelpfulGainPoints">100 x win rate over the start - 50.</param>
/// <param name="SafeGainPoints">The same for harmlessness.</param>
public sealed record CategoryMethodResult(string Category, int Prompts, double Helpful, double UnsafeRate, double HelpfulGainPoints, double SafeGainPoints);
