namespace SafeRlhfV.Processing;

/// <summary>Where Metaspace puts a mark in front of a piece that has none.</summary>
internal enum PrependScheme
{
    /// <summary>Before every piece.</summary>
    Always,

    /// <summary>Only at the beginning of the text.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}
