namespace SafeRlhfV.Training;

/// <summary>What a guard should say.</summary>
/// <param name="Unsafe">The verdict.</param>
/// <param name="Categories">Categories of the harm, by their names in the taxonomy; empty where safe, null where the data do not say.</param>
/// <param name="Severity">0 none, 1 minor, 2 moderate, 3 severe; null where the data do not say.</param>
public sealed record GuardLabel(bool Unsafe, IReadOnlyList<string>? Categories, int? Severity);
