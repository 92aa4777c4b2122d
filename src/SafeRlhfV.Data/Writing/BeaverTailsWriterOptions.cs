namespace SafeRlhfV.Data;

/// <summary>How a data set is written.</summary>
public sealed record BeaverTailsWriterOptions
{
    /// <summary>The title on the dataset card.</summary>
    public string Name { get; init; } = "BeaverTails-V rows";

    /// <summary>What the card says below the title (Markdown).</summary>
    public string Description { get; init; } = "Rows in the layout of BeaverTails-V (arXiv 2503.17682).";

    /// <summary>The licence's identifier on the card.</summary>
    public string License { get; init; } = "other";

    /// <summary>Replace a folder that exists (only when the new one is whole).</summary>
    public bool Overwrite { get; init; }

    /// <summary>Rows of a row group.</summary>
    public int RowsPerGroup { get; init; } = 100;

    /// <summary>A shard is closed when it holds this many bytes of rows.</summary>
    public long BytesPerShard { get; init; } = 500L << 20;
}
