namespace SafeRlhfV.Guard;

/// <summary>Where a text that could be an injection comes from.</summary>
public enum InjectionSide
{
    /// <summary>The user.</summary>
    Prompt,

    /// <summary>A tool: a page, a mail or a file that somebody else wrote.</summary>
    ToolResult,
}
