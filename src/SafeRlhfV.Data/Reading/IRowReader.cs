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

    /// <summary>The rows from <paramref name="start"/> on.</summary>
    /// <param name="start">The first row wanted, from 0.</param>
    /// <param name="first">The position of the file's first row in its data set; null = the file stands alone.</param>
    /// <param name="store">Takes the encoded images; null = the rows hold them.</param>
    /// <exception cref="InvalidInputException">The file is damaged; the message names file, row or row group, and column.</exception>
    IEnumerable<DatasetRow> Read(long start, RowPosition? first = null, ImageStore? store = null);
}
