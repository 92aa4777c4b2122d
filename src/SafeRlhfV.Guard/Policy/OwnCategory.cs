namespace SafeRlhfV.Guard;

/// <summary>A category that a policy adds to the twenty: found by words and patterns, or by a judge that reads the description.</summary>
/// <param name="Name">Its name, lower case with underscores.</param>
/// <param name="Description">What falls under it, in a sentence for a judge and for people.</param>
/// <param name="Severity">How grave a match is.</param>
/// <param name="Keywords">Whole words or phrases, case ignored.</param>
/// <param name="Patterns">.NET regular expressions.</param>
public sealed record OwnCategory(string Name, string Description, Severity Severity, IReadOnlyList<string> Keywords, IReadOnlyList<string> Patterns);
