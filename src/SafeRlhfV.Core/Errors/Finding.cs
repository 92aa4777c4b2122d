using System.Text;

namespace SafeRlhfV.Core;

/// <summary>One thing that is wrong with a data set, and where.</summary>
/// <param name="Code">A short name of the kind of fault, such as "truncated-file".</param>
/// <param name="Severity">Error or warning.</param>
/// <param name="File">The file, as a path that can be opened.</param>
/// <param name="Row">The row in the file from 0; null where the whole file is meant.</param>
/// <param name="Columns">The columns concerned; empty where the whole row or file is meant.</param>
/// <param name="What">What is wrong, and where it can be said, how to mend it: one line.</param>
public sealed record Finding(string Code, FindingSeverity Severity, string File, long? Row, IReadOnlyList<string> Columns, string What)
{
    /// <summary>The split of the row, where known.</summary>
    public string? Split { get; init; }

    /// <summary>The other rows that take part (duplicates, leaks).</summary>
    public IReadOnlyList<RowPosition> Related { get; init; } = [];

    /// <summary>One line: file, row, columns, what.</summary>
    public override string ToString()
    {
        StringBuilder line = new(File);
        if (Row is { } row) line.Append($", row {row}");
        if (Columns.Count > 6) line.Append($", {Columns.Count} columns");
        else if (Columns.Count > 0) line.Append(Columns.Count == 1 ? ", column " : ", columns ").AppendJoin(", ", Columns);
        return line.Append(": ").Append(What).ToString().ReplaceLineEndings(" ");
    }

    /// <summary>A value for a message: quoted, on one line, cut after 60 characters.</summary>
    public static string Quote(string value)
    {
        string cut = value.Length > 60 ? string.Concat(value.AsSpan(0, 60), "...") : value;
        return $"'{string.Concat(cut.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? ' ' : letter))}'";
    }
}
