namespace SafeRlhfV.Demo;

/// <summary>A setting, a version or another labelled text.</summary>
/// <param name="Name">The label.</param>
/// <param name="Value">The value as text.</param>
public sealed record NamedValue(string Name, string Value);
