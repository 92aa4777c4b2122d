using System.Globalization;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>
/// Numbers as people and models write them: signs, thousands in groups of three, decimals, fractions, mixed numbers, powers of ten, per cents (a hundredth
/// each), currencies and units. After the last <c>=</c>, one value must be left: of several, none is chosen.
/// </summary>
public static partial class NumberReading
{
    /// <summary>Reads an answer.</summary>
    /// <returns>The number; null where there is none, several, or something that is more than a number, such as a root or a variable.</returns>
    public static double? Read(string answer)
    {
        string text = Plain(answer);
        int equals = text.LastIndexOfAny(['=', '\u2248']);
        if (equals >= 0) text = text[(equals + 1)..];
        if (text.AsSpan().IndexOfAny("\\\u221A\u03C0") >= 0) return null; // a formula
        double[] found = [.. Number().Matches(text).Select(Value).Distinct()];
        return found is [var only] && double.IsFinite(only) ? only : null;
    }

    private static double Value(Match match)
    {
        double Of(string group) => match.Groups[group] is { Success: true, Value: var digits }
            ? double.Parse(Separators().Replace(digits, ""), NumberStyles.Float, CultureInfo.InvariantCulture) : double.NaN;
        bool Has(string group) => match.Groups[group].Success;
        double value = Has("top") ? (Has("mixed") ? Of("mixed") : 0) + Of("top") / Of("bottom") : Has("power") ? 1 : Of("number");
        if (Has("exponent")) value *= Math.Pow(10, Of("exponent"));
        if (Has("ten")) value *= Math.Pow(10, Of("ten"));
        if (Has("power")) value *= Math.Pow(10, Of("power"));
        if (Has("percent")) value /= 100;
        return match.Groups["sign"].Value.Contains('-', StringComparison.Ordinal) ? -value : value;
    }

    // the usual formulas as plain text: what is left with a backslash is no number
    private static string Plain(string answer)
    {
        string text = Minus().Replace(Emphasis.Remove(Product().Replace(answer, "\u00D7")), "-").Replace("{,}", ",", StringComparison.Ordinal);
        text = Approximately().Replace(text, "\u2248");
        text = Times().Replace(text, "\u00D7");
        text = Percent().Replace(text, "%");
        text = Degrees().Replace(text, "\u00B0");
        text = Words().Replace(text, " $1 ");
        text = Fraction().Replace(text, " $1/$2 ");
        text = Space().Replace(text, "");
        return Exponent().Replace(text, "^$1");
    }

    private const string Whole = @"(?:[1-9][0-9]{0,2}(?:[,'\u2019\u00A0\u202F\u2009][0-9]{3})+|[0-9]+)";

    [GeneratedRegex(
        @"(?<![\p{L}\p{Nd}_.,^/]|\u00D7\s*)(?<sign>[+-]?\s*[$\u20AC\u00A3\u00A5]?\s*-?)" // not inside a word, a number or a power
        + @"(?:(?:(?<mixed>[0-9]+)\s+)?(?<top>[0-9]+(?:\.[0-9]+)?)\s*/\s*(?<bottom>[0-9]+(?:\.[0-9]+)?)"
        + @"|10\^(?<power>[+-]?[0-9]+)"
        + @"|(?<number>" + Whole + @"(?:\.[0-9]+)?|\.[0-9]+)(?:[eE](?<exponent>[+-]?[0-9]+))?(?:\s*\u00D7\s*10\^(?<ten>[+-]?[0-9]+))?)"
        + @"(?<percent>\s*%)?(?![0-9^_]|[.,'][0-9]|\s*/\s*[0-9]|\s*\u00D7|[xyzn]\b)")]
    private static partial Regex Number();

    [GeneratedRegex(@"[,'\u2019\u00A0\u202F\u2009]")]
    private static partial Regex Separators();

    [GeneratedRegex(@"[\u2212\u2012\u2013\uFE63\uFF0D]")]
    private static partial Regex Minus();

    [GeneratedRegex(@"\\approx\b")]
    private static partial Regex Approximately();

    [GeneratedRegex(@"\\times\b|\\cdot\b|(?<=[0-9]\s*)[x\u00B7](?=\s*10\^)")]
    private static partial Regex Times();

    [GeneratedRegex(@"(?<=[0-9]\s*)\*+(?=\s*[0-9])")]
    private static partial Regex Product();

    [GeneratedRegex(@"\\%|\bper\s?cent\b", RegexOptions.IgnoreCase)]
    private static partial Regex Percent();

    [GeneratedRegex(@"\^\{?\\circ\}?")]
    private static partial Regex Degrees();

    [GeneratedRegex(@"\\(?:text|textbf|mathrm|mathbf|boxed|fbox)\s*\{([^{}]*)\}")]
    private static partial Regex Words();

    [GeneratedRegex(@"\\[dt]?frac\s*\{\s*([0-9.]+)\s*\}\s*\{\s*([0-9.]+)\s*\}")]
    private static partial Regex Fraction();

    [GeneratedRegex(@"\\[,;:!()\[\]]")]
    private static partial Regex Space();

    [GeneratedRegex(@"\^\s*\{\s*([+-]?[0-9]+)\s*\}")]
    private static partial Regex Exponent();
}
