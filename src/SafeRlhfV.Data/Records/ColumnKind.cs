namespace SafeRlhfV.Data;

/// <summary>What a column holds.</summary>
public enum ColumnKind
{
    /// <summary>UTF-8 text.</summary>
    Text,

    /// <summary>A whole number (64 bits).</summary>
    Integer,

    /// <summary>struct&lt;bytes: binary, path: string&gt;.</summary>
    Image,

    /// <summary>A list of images.</summary>
    ImageList,

    /// <summary>
    /// list&lt;struct&lt;role: string, content: list&lt;struct&lt;type: string, text: string&gt;&gt;, loss: bool&gt;&gt;: the messages of a conversation.
    /// </summary>
    Messages,

    /// <summary>The same without the loss, as other trainers read them; written only.</summary>
    PlainMessages,
}
