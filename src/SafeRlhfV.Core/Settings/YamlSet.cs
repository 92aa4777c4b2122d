namespace SafeRlhfV.Core;

/// <summary>A value that is put into a YAML file's settings from outside.</summary>
/// <param name="Setting">The value with its place, as a.b=value.</param>
/// <param name="Source">What messages call its origin, such as an environment variable; null for <c>--set</c>.</param>
public sealed record YamlSet(string Setting, string? Source = null);
