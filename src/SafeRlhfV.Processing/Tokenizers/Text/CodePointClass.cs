namespace SafeRlhfV.Processing;

/// <summary>What the expressions of byte-level tokenizers tell apart.</summary>
internal enum CodePointClass : byte
{
    /// <summary>Neither letter, number nor white space: marks, punctuation, symbols, controls, what is not assigned.</summary>
    Other,

    /// <summary>`\p{L}`.</summary>
    Letter,

    /// <summary>`\p{N}`.</summary>
    Number,

    /// <summary>White space without line breaks.</summary>
    Space,

    /// <summary>`\r` and `\n`.</summary>
    NewLine,

    /// <summary>No code point: the end of the text.</summary>
    End,
}
