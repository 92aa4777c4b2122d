namespace SafeRlhfV.Core;

/// <summary>What an error says, in a form that fits into a message.</summary>
public static class ErrorText
{
    private const int MaximumLength = 160;

    /// <summary>The error's message on one line, cut after 160 characters.</summary>
    public static string FirstLine(Exception error) => Cut(error.Message.ReplaceLineEndings(" ").Trim());

    /// <summary>A text cut after 160 characters, with dots where something is missing.</summary>
    public static string Cut(string text) => text.Length > MaximumLength ? string.Concat(text.AsSpan(0, MaximumLength), "...") : text;
}
