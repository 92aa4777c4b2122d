namespace SafeRlhfV.Data;

/// <summary>Reads one file of rows from front to back.</summary>
internal interface IRowReader : IDisposable
{
    /// <summary>The layout that the file's columns mean.</summary>
    RowSchema Schema { get; }

    /// <summary>Columns that the layout does not know; they are not read.</summary>
    IReadOnlyList<string> ExtraColumns { get; }

    /// <summary>Columns of the layout that the file does not have; empty where rows may differ in that.</summary>
    IReadOnlyList<string> AbsentColumns { get; }

    /// <summary>The rows from <paramref name="start"/> on. The rows' positions hold the file and the row in it; the caller sets the rest.</summary>
    /// <exception cref="InvalidInputException">The file is damaged; the message names file, row or row group, and column.</exception>
    IEnumerable<DatasetRow> Read(long start);
}
