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

    /// <summary>A list of images (for exports that other trainers read); written only.</summary>
    ImageList,
}
