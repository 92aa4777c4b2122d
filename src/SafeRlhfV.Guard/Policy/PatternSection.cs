namespace SafeRlhfV.Guard;

/// <summary>Regular expressions in settings, and the names of those who have some.</summary>
internal static class PatternSection
{
    /// <summary>The name of a section, which records and placeholders show; a missing one, and other characters than these, are faults.</summary>
    public static string PlainName(this YamlSection section)
    {
        string name = section.Required("name");
        if (name.Any(letter => !(char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '_')))
            section.Fault("name", "use lower-case letters, digits and _");
        return name;
    }

    /// <summary>How thoroughly texts are read for patterns: <c>readings: standard</c>, the default, or <c>thorough</c>.</summary>
    public static ReadingDepth Readings(this YamlSection section) =>
        section.Choice("readings", ("standard", ReadingDepth.Standard), ("thorough", ReadingDepth.Thorough)) ?? ReadingDepth.Standard;

    /// <summary>Whether a text of a key is a regular expression; where it is none, that is a fault.</summary>
    public static bool IsPattern(this YamlSection section, string key, string pattern)
    {
        try
        {
            PatternRule.ForPattern("test", Severity.Minor, pattern);
            return true;
        }
        catch (ArgumentException error)
        {
            section.Fault(key, $"'{pattern}' is no regular expression ({error.Message.TrimEnd('.')})");
            return false;
        }
    }
}
