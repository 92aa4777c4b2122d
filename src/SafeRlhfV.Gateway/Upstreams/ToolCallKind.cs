namespace SafeRlhfV.Gateway;

/// <summary>How a tool call is written.</summary>
internal enum ToolCallKind
{
    /// <summary>In <c>tool_calls</c>, of the type function.</summary>
    Function,

    /// <summary>In <c>tool_calls</c>, of the type custom.</summary>
    Custom,

    /// <summary>As the old <c>function_call</c>.</summary>
    Legacy,
}
