namespace SafeRlhfV.Core;

/// <summary>A value that is put into a YAML file's settings from outside.</summary>
/// <param name="Setting">The value with its place, as a.b=value.</param>
/// <param name="Source">What messages call its origin, such as an environment variable; null for <c>--set</c>.</param>
public sealed record YamlSet(string Setting, string? Source = null)
{
    /// <summary>The place, as a.b.</summary>
    public string Key => Setting.Split('=')[0].Trim();

    /// <summary>Whether it gives the value of a key: the key's own, or that of a section around it.</summary>
    /// <param name="key">The key, as a.b.</param>
    public bool Gives(string key) => key == Key || key.StartsWith($"{Key}.", StringComparison.Ordinal);
}
