namespace SafeRlhfV.Processing;

/// <summary>The kinds of a template's tokens.</summary>
internal enum JinjaTokenKind
{
    Data,
    PrintBegin,
    PrintEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <summary>A token: its text (an operator's sign, a name, a string's value), its number where it is one, and its line.</summary>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, string Text, int Line, object? Number = null)
{
    public bool Is(string sign) => Kind == JinjaTokenKind.Operator && Text == sign;

    public bool IsName(string name) => Kind == JinjaTokenKind.Name && Text == name;

    public string Described => Kind switch
    {
        JinjaTokenKind.PrintEnd => "end of print statement",
        JinjaTokenKind.BlockEnd => "end of statement block",
        JinjaTokenKind.PrintBegin => "begin of print statement",
        JinjaTokenKind.BlockBegin => "begin of statement block",
        JinjaTokenKind.End => "end of template",
        JinjaTokenKind.Data => "template data / text",
        JinjaTokenKind.String => "string",
        JinjaTokenKind.Integer => "integer",
        JinjaTokenKind.Float => "float",
        _ => Text,
    };
}
