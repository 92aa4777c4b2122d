using System.Text.RegularExpressions;

namespace SafeRlhfV.Audit;

/// <summary>Blacks out what names or endangers a person in a text: addresses of mail and machines, long numbers, keys and passwords.</summary>
public static partial class Redaction
{
    /// <summary>The text with each find replaced by its kind in brackets.</summary>
    public static string Of(string text)
    {
        text = Secret().Replace(text, match => $"{match.Groups[1].Value}[secret]");
        text = Key().Replace(text, "[secret]");
        text = Mail().Replace(text, "[mail]");
        text = Address().Replace(text, "[address]");
        return Number().Replace(text, "[number]");
    }

    [GeneratedRegex(@"(?i)\b((?:password|passwd|secret|token|api[ _-]?key)\s*(?:[:=]|is)\s*)\S+")]
    private static partial Regex Secret();

    [GeneratedRegex(@"\b(?:sk|pk|ghp|xox[bp])[-_][A-Za-z0-9_-]{8,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_.-]+")]
    private static partial Regex Key();

    [GeneratedRegex(@"[\p{L}0-9._%+-]{1,64}@[\p{L}0-9-]{1,63}(?:\.[\p{L}0-9-]{1,63})+")]
    private static partial Regex Mail();

    [GeneratedRegex(@"\b\d{1,3}(?:\.\d{1,3}){3}\b")]
    private static partial Regex Address();

    // Telephone, card and account numbers: seven digits or more, however they are grouped.
    [GeneratedRegex(@"\+?\d(?:[ ()/.-]{0,2}\d){6,}|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b")]
    private static partial Regex Number();
}
