namespace SafeRlhfV.Data;

/// <summary>How a data set is converted.</summary>
public sealed record ConversionOptions
{
    /// <summary>What is written.</summary>
    public ExportFormat Format { get; init; } = ExportFormat.Parquet;

    /// <summary>The layout of Parquet and JSONL; null keeps it.</summary>
    public RowLayout? Layout { get; init; }

    /// <summary>Whether the flat layout carries the columns from which the pairs can be made again.</summary>
    public bool Traced { get; init; } = true;

    /// <summary>For TRL and align-anything: prefer the safer answer instead of the more helpful one.</summary>
    public bool BySafety { get; init; }

    /// <summary>Replace a folder that exists.</summary>
    public bool Overwrite { get; init; }
}
