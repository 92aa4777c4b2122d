namespace SafeRlhfV.Core;

/// <summary>Where a row lies.</summary>
/// <param name="Config">The configuration (for BeaverTails-V the category's folder), "default" where there is none.</param>
/// <param name="Split">The split: train, evaluation, ...</param>
/// <param name="File">The file, as a path that can be opened.</param>
/// <param name="Row">The row in the file, from 0.</param>
/// <param name="Index">The row in the configuration's split over all its files, from 0.</param>
public readonly record struct RowPosition(string Config, string Split, string File, long Row, long Index)
{
    /// <summary>The position of the first row of a file that no data set has placed yet.</summary>
    public static RowPosition FirstOf(string file) => new("default", "train", file, 0, 0);

    /// <summary>The position of a row of the file whose first row stands here.</summary>
    public RowPosition Of(long row) => this with { Row = row, Index = Index + row };

    /// <summary>"file, row 3": where a person finds it.</summary>
    public string InFile() => $"{File}, row {Row}";

    /// <summary>"config/split/index", the name that reports use.</summary>
    public override string ToString() => $"{Config}/{Split}/{Index}";
}
