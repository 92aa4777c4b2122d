using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>A row of a benchmark's file while it is read.</summary>
public sealed class BenchmarkRow
{
    private readonly SourceMap map;
    private readonly BenchmarkFiles files;

    internal BenchmarkRow(BenchmarkFiles files, string file, long row, SourceMap map, long? index = null) =>
        (this.files, File, Row, Index, this.map) = (files, file, row, index ?? row, map);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The row in the file, from 0.</summary>
    public long Row { get; }

    /// <summary>The row in its table, from 0, where that lies in several files; else the row in the file.</summary>
    public long Index { get; }

    /// <summary>The columns that the row has.</summary>
    public IReadOnlyCollection<string> Columns => map.Keys;

    internal BenchmarkRow At(long index) => new(files, File, Row, map, index);

    /// <summary>Whether a column is there and not null.</summary>
    public bool Has(string column) => map.Has(column);

    /// <summary>A text or number as a text; null where there is none.</summary>
    public string? Text(string column) => map.Get(column) is { } value ? AsText(column, value) : null;

    /// <summary>The first of several columns that is there, as a text.</summary>
    /// <exception cref="InvalidInputException">The row has none of them: the file is of another layout.</exception>
    public string Need(params IReadOnlyList<string> columns) => columns.Select(Text).FirstOrDefault(text => text is not null)
        ?? throw Fault($"has no {string.Join(" or ", columns.Select(column => $"'{column}'"))}");

    /// <summary>A yes or no; null where there is none.</summary>
    /// <exception cref="InvalidInputException">It is neither.</exception>
    public bool? Flag(string column)
    {
        try
        {
            return SourceLabels.FlagOrNull(map.Get(column));
        }
        catch (DroppedRowException)
        {
            throw Fault($"has {Finding.Quote($"{map.Get(column)}")} for '{column}', which is neither yes nor no");
        }
    }

    /// <summary>The texts of a list, or of a text that holds a list as Python or JSON writes it; empty where there is none.</summary>
    public IReadOnlyList<string> Texts(string column) => map.Get(column) switch
    {
        null => [],
        List<object?> list => [.. list.Select(item => AsText(column, item ?? ""))],
        string text => PythonList.TryRead(text) ?? [text],
        var other => [AsText(column, other)],
    };

    /// <summary>The objects of a list; empty where there is none.</summary>
    /// <exception cref="InvalidInputException">It holds something else.</exception>
    public IReadOnlyList<BenchmarkRow> Rows(string column) => map.Get(column) switch
    {
        null => [],
        List<object?> list when list.TrueForAll(item => item is SourceMap) =>
            [.. list.Select(item => new BenchmarkRow(files, File, Row, (SourceMap)item!, Index))],
        SourceMap one => [new BenchmarkRow(files, File, Row, one, Index)],
        _ => throw Fault($"holds no objects in '{column}'"),
    };

    /// <summary>The image of a column: its bytes, base64 or path.</summary>
    /// <param name="column">The column.</param>
    /// <param name="folders">Folders that a path may be relative to, below the benchmark's; the first in which it is counts.</param>
    public EncodedImage Image(string column, params IReadOnlyList<string> folders) => map.ContainsKey(column)
        ? files.Image(map.Get(column), folders)
        : throw Fault($"has no '{column}'");

    /// <summary>The images of a column that holds one or several, in a list or a text of a list.</summary>
    public IReadOnlyList<EncodedImage> Images(string column, params IReadOnlyList<string> folders) => map.Get(column) switch
    {
        List<object?> list => [.. list.Select(item => files.Image(item, folders))],
        string text when PythonList.TryRead(text) is { } several => [.. several.Select(item => files.Image(item, folders))],
        var value => [files.Image(value, folders)],
    };

    /// <summary>An error about this row: what, and how to mend it.</summary>
    public InvalidInputException Fault(string what) =>
        new($"{File}: row {Row} {what} (it has {string.Join(", ", Columns.Take(12))}); {files.Benchmark} needs {files.Needs}.");

    private string AsText(string column, object value)
    {
        try
        {
            return SourceLabels.Text(value) ?? throw Fault($"holds no text in '{column}'");
        }
        catch (DroppedRowException)
        {
            throw Fault($"holds a text in '{column}' that is no valid Unicode");
        }
    }
}
