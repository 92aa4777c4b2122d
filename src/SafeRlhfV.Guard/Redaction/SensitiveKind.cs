using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>A kind of sensitive data: its name, and where it stands in a text.</summary>
public sealed class SensitiveKind
{
    private const RegexOptions Linear = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;
    private static readonly ConditionalWeakTable<OwnCategory, SensitiveKind> Own = [];
    private readonly Func<string, IEnumerable<Range>> find;

    private SensitiveKind(string name, Func<string, IEnumerable<Range>> find) => (Name, this.find) = (name, find);

    /// <summary>The built-in kinds, in the order in which they name a text that several of them find.</summary>
    public static IReadOnlyList<SensitiveKind> All { get; } =
    [
        // A block that was cut ends with the text.
        BuiltIn("private_key", @"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?:[^-]|-[^-]|--[^-]|---[^-]|----[^-])*(?:-----END [A-Z0-9 ]*-----)?"),
        BuiltIn("gateway_key", @"\bsrv-[0-9a-f]{64}\b"),
        BuiltIn("cloud_key", @"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}|\bya29\.[A-Za-z0-9_-]{20,}"
            + @"|(?i:secret_?access_?key|accountkey|sharedaccesskey)[""']?\s*[:=]\s*[""']?(?<value>[A-Za-z0-9/+]{40,90}={0,2})"),
        BuiltIn("api_key", @"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{16,}(?:[-_][A-Za-z0-9_-]+)?"
            + @"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}"
            + @"|\bxox[abeprs]-[A-Za-z0-9-]{10,}|\bglpat-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bnpm_[A-Za-z0-9]{36}"
            + @"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
        BuiltIn("email", @"[\p{L}\p{N}._%+'-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+"),
        new("iban", SensitiveNumbers.Ibans),
        new("card", SensitiveNumbers.Cards),
        new("phone", SensitiveNumbers.Phones),
    ];

    /// <summary>Its name, lower case with underscores; in capitals it is the name of its placeholders.</summary>
    public string Name { get; }

    /// <summary>A kind that a .NET regular expression finds; of a group named <c>value</c> only that part counts.</summary>
    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    public static SensitiveKind OfPattern(string name, string pattern)
    {
        Regex regex = PatternRule.ForPattern(name, Severity.Minor, pattern).Pattern;
        return new(name, text => Matches(regex, text));
    }

    /// <summary>The keywords and patterns of a policy's own category.</summary>
    public static SensitiveKind Of(OwnCategory category) => Own.GetValue(category, Create);

    private static SensitiveKind Create(OwnCategory category)
    {
        Regex[] all = [.. category.Keywords.Select(word => PatternRule.ForKeyword(category.Name, category.Severity, word).Pattern),
            .. category.Patterns.Select(pattern => PatternRule.ForPattern(category.Name, category.Severity, pattern).Pattern)];
        return new(category.Name, text => all.SelectMany(one => Matches(one, text)));
    }

    internal IEnumerable<Range> Find(string text) => find(text);

    private static SensitiveKind BuiltIn(string name, string pattern)
    {
        Regex regex = new(pattern, Linear);
        return new(name, text => Matches(regex, text));
    }

    private static IEnumerable<Range> Matches(Regex regex, string text)
    {
        for (Match match = regex.Match(text); match.Success; match = match.NextMatch())
        {
            Group value = match.Groups["value"] is { Success: true } part ? part : match;
            if (value.Length > 0) yield return value.Index..(value.Index + value.Length);
        }
    }
}
