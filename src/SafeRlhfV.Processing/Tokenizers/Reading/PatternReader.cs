using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>Reads what a step looks for: `{"String": ...}` or `{"Regex": ...}`.</summary>
internal static class PatternReader
{
    public static TextPattern Read(ConfigReader section)
    {
        ConfigReader pattern = section.Section("pattern") ?? throw section.Error("pattern", "is missing");
        if (pattern.Has("String")) return new LiteralPattern(pattern.Text("String"));
        string expression = pattern.Text("Regex");
        if (WordPattern.Known(expression) is { } known) return known;
        Regex? regex = RegexTranslation.Compile(expression, out string fault);
        return regex is null ? throw pattern.Error("Regex", $"is an expression that cannot be used here ({fault})") : new RegexPattern(regex);
    }
}
