using System.Collections;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Settings from environment variables, which replace those of the file: <c>SAFERLHFV_GATEWAY__limits__concurrency=100</c> is <c>limits.concurrency: 100</c>,
/// in letters of either case. A value is YAML, so that <c>[a, b]</c> is a list.
/// </summary>
internal static class EnvironmentSettings
{
    public const string Prefix = "SAFERLHFV_GATEWAY__";

    /// <summary>The settings among variables, each as a.b=value.</summary>
    public static IReadOnlyList<string> Of(IDictionary variables) => [.. variables.Cast<DictionaryEntry>()
        .Select(variable => (Name: variable.Key.ToString()!, Value: variable.Value?.ToString()))
        .Where(variable => variable.Name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        .OrderBy(variable => variable.Name, StringComparer.OrdinalIgnoreCase)
        .Select(variable => $"{variable.Name[Prefix.Length..].Replace("__", ".", StringComparison.Ordinal).ToLowerInvariant()}={variable.Value}")];
}
