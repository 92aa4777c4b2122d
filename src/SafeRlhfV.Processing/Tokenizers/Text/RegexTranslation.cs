using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>
/// Makes of an expression in the reference engine's syntax (Oniguruma's Ruby flavour) one that means the same to the runtime, or says why it cannot.
/// Letters without case become classes of their cases, `\w` becomes its categories; word boundaries, sets of sets, POSIX brackets, possessive
/// quantifiers, other switches and characters beyond the basic plane are refused, since the runtime would read them otherwise or not at all.
/// </summary>
internal static partial class RegexTranslation
{
    private const string Word = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u00B2\u00B3\u00B9\u00BC-\u00BE\u24B6-\u24E9";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Compiles an expression; <paramref name="fault"/> says what is wrong with it if it cannot be.</summary>
    public static Regex? Compile(string expression, out string fault)
    {
        if (Translate(expression, out fault) is not { } translated) return null;
        try
        {
            return new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Multiline, Patience);
        }
        catch (ArgumentException error)
        {
            fault = error.Message.Split('\n')[0];
            return null;
        }
    }

    private static string? Translate(string expression, out string fault)
    {
        StringBuilder result = new(expression.Length);
        int depth = 0;
        for (int i = 0; i < expression.Length; i++)
        {
            char unit = expression[i];
            fault = Refusal(expression, i, depth > 0);
            if (fault.Length > 0) return null;
            if (unit == '\\')
            {
                char escaped = i + 1 < expression.Length ? expression[++i] : '\0';
                result.Append(escaped switch
                {
                    'w' => depth > 0 ? Word : $"[{Word}]",
                    'W' => $"[^{Word}]",
                    _ => $"\\{escaped}",
                });
            }
            else if (depth == 0 && CaselessGroup().Match(expression, i) is { Success: true } group && group.Index == i)
            {
                result.Append("(?:").Append(string.Concat(group.Groups[1].Value.Select(Cases))).Append(')');
                i += group.Length - 1;
            }
            else
            {
                if (unit == '[') depth++;
                else if (unit == ']' && depth > 0) depth--;
                result.Append(unit);
            }
        }
        fault = "";
        return result.ToString();
    }

    // what the two engines read differently at a place
    private static string Refusal(string expression, int at, bool inSet)
    {
        ReadOnlySpan<char> rest = expression.AsSpan(at);
        if (char.IsSurrogate(rest[0])) return "names characters beyond the basic plane";
        if (rest[0] == '\\') return rest.Length < 2 ? "ends in a backslash" : "bBGhHkKRXxuoCcM".Contains(rest[1]) && !Plain().IsMatch(rest)
            ? $"uses \\{rest[1]}"
            : inSet && rest[1] == 'W' ? "uses \\W in a set" : "";
        if (inSet) return rest[0] == '[' || rest.StartsWith("&&") ? "uses a set in a set" : "";
        if (Switch().IsMatch(rest) && !CaselessGroup().IsMatch(rest)) return "switches an option on";
        return rest.StartsWith("{,") ? "uses a quantifier without a lower end" : "";
    }

    private static string Cases(char letter) => char.ToLowerInvariant(letter) switch
    {
        's' => "[sS\u017F]",
        'k' => "[kK\u212A]",
        >= 'a' and <= 'z' and var lower => $"[{lower}{char.ToUpperInvariant(lower)}]",
        _ => $"{letter}",
    };

    [GeneratedRegex(@"\G\(\?i:([A-Za-z'|’]*)\)")]
    private static partial Regex CaselessGroup();

    [GeneratedRegex(@"\G\(\?[a-zA-Z-]+[:)]")]
    private static partial Regex Switch();

    // \uHHHH of the basic plane, without a surrogate
    [GeneratedRegex(@"\G\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}")]
    private static partial Regex Plain();
}
