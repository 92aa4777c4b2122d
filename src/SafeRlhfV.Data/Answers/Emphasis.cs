namespace SafeRlhfV.Data;

/// <summary>Marks of emphasis and code in a model's text.</summary>
public static class Emphasis
{
    /// <summary>The text without them.</summary>
    public static string Remove(string text) => text.Replace("*", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);
}
