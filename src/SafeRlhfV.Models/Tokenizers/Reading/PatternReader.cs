namespace SafeRlhfV.Models;

/// <summary>Reads what a step looks for: `{"String": ...}` or `{"Regex": ...}`.</summary>
internal static class PatternReader
{
    public static TextPattern Read(ConfigReader section)
    {
        ConfigReader pattern = section.Section("pattern") ?? throw section.Error("pattern", "is missing");
        if (pattern.Has("String")) return new LiteralPattern(pattern.Text("String"));
        throw pattern.Error("String", "is missing");
    }
}
