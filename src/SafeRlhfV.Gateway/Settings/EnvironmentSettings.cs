using System.Collections;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Settings from environment variables, which replace those of the file: <c>SAFERLHFV_GATEWAY__limits__concurrency=100</c> is <c>limits.concurrency: 100</c>,
/// in letters of either case. A value is YAML, so that <c>[a, b]</c> is a list.
/// </summary>
internal static partial class EnvironmentSettings
{
    private const string Begin = "SAFERLHFV_GATEWAY", Prefix = $"{Begin}__";

    /// <summary>The settings among variables, each as a.b=value with the variable's name.</summary>
    /// <param name="variables">The variables.</param>
    /// <param name="yaml">The gateway's file, which may name variables for its secrets.</param>
    /// <exception cref="InvalidInputException">A variable begins like a setting, but is none.</exception>
    public static IReadOnlyList<YamlSet> Of(IDictionary variables, string yaml = "")
    {
        (string Name, string Value)[] ours = [.. variables.Cast<DictionaryEntry>()
            .Select(variable => (Name: variable.Key.ToString()!, Value: variable.Value?.ToString() ?? ""))
            .Where(variable => variable.Name.StartsWith(Begin, StringComparison.OrdinalIgnoreCase))
            .OrderBy(variable => variable.Name, StringComparer.OrdinalIgnoreCase)];
        YamlSet[] sets = [.. ours.Where(variable => IsSetting(variable.Name))
            .Select(variable => new YamlSet($"{PathOf(variable.Name)}={variable.Value}", variable.Name))];
        HashSet<string> secrets = [.. sets.Select(set => set.Setting).Prepend(yaml)
            .SelectMany(text => SecretName().Matches(text)).Select(match => match.Groups["name"].Value)];
        string[] strays = [.. ours.Select(variable => variable.Name)
            .Where(name => !IsSetting(name) && !secrets.Contains(name) && !ServiceLink().IsMatch(name))];
        return strays.Length == 0 ? sets
            : throw new InvalidInputException($"{string.Join(", ", strays)}: no setting; {Example(strays[0])}, with two underscores before each name.");
    }

    private static bool IsSetting(string name) => name.Length > Prefix.Length && name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    private static string PathOf(string name) => name[Prefix.Length..].Replace("__", ".", StringComparison.Ordinal).ToLowerInvariant();

    private static string Example(string stray)
    {
        string rest = stray[Begin.Length..].TrimStart('_').ToUpperInvariant();
        return rest.Length > 0 && (rest.Contains("__", StringComparison.Ordinal) || !rest.Contains('_'))
            ? $"write {Prefix}{rest}"
            : $"limits.concurrency, for one, is {Prefix}LIMITS__CONCURRENCY";
    }

    // key_env: NAME in the file, audit.key_env=NAME in a variable
    [GeneratedRegex("""_env["']?\s*[:=]\s*["']?(?<name>\w+)""")]
    private static partial Regex SecretName();

    // what Kubernetes sets in each pod for a service whose name begins so
    [GeneratedRegex("_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$")]
    private static partial Regex ServiceLink();
}
