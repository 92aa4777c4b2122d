namespace SafeRlhfV.Processing;

/// <summary>What kind of error ended a template.</summary>
internal enum JinjaErrorKind
{
    /// <summary>The text is no template.</summary>
    Syntax,

    /// <summary>An undefined value was used where one is needed.</summary>
    Undefined,

    /// <summary>The template reached for something that the sandbox closes.</summary>
    Security,

    /// <summary>The template called raise_exception.</summary>
    RaiseException,

    /// <summary>A bound on steps, output, nesting or sizes was reached.</summary>
    Limit,

    /// <summary>Any other error while it ran: wrong types, values, keys, arguments.</summary>
    Type,
}

/// <summary>A template's error.</summary>
internal sealed class JinjaException(JinjaErrorKind kind, string message, int line = 0) : Exception(message)
{
    public JinjaErrorKind Kind { get; } = kind;

    /// <summary>The template's line; 0 while it is not known.</summary>
    public int Line { get; set; } = line;

    public static JinjaException Type(string message) => new(JinjaErrorKind.Type, message);

    public static JinjaException Limit(string message) => new(JinjaErrorKind.Limit, message);

    public static JinjaException Syntax(string message, int line) => new(JinjaErrorKind.Syntax, message, line);
}
