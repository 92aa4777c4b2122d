namespace SafeRlhfV.Processing;

/// <summary>What a stretch of a rendered conversation is.</summary>
public enum ChatSegmentKind
{
    /// <summary>The format's own text: role names, control tokens, blanks.</summary>
    Format,

    /// <summary>The placeholder of one image.</summary>
    Image,

    /// <summary>Text of a system turn.</summary>
    System,

    /// <summary>Text of a user's turn.</summary>
    User,

    /// <summary>Text of a model's turn: what a loss counts.</summary>
    Assistant,

    /// <summary>What else a template took from the conversation, such as a role's name. It holds no special tokens.</summary>
    Other,
}
