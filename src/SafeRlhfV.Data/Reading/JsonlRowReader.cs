using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>
/// Rows of one JSONL file, a JSON object a line. The image is a path beside the file (column "image" or "file_name"), a data URI, or an object
/// with base64 bytes and a path. Only '\n' ends a line: texts may hold other line separators.
/// </summary>
internal sealed class JsonlRowReader : IRowReader
{
    /// <summary>Rows between two places of the index.</summary>
    internal const int IndexStep = 64;

    private const int LongestLine = 512 << 20, MostGuesses = 100;

    private readonly string file;

    /// <summary>Opens the file; the keys of the first row that can be read tell the layout.</summary>
    /// <exception cref="InvalidInputException">The file cannot be opened, or its first rows are no JSON objects.</exception>
    public JsonlRowReader(string file)
    {
        this.file = file;
        Schema = RowSchema.Paired;
        ExtraColumns = [];
        InvalidInputException? first = null;
        foreach ((byte[] line, long row, long number, _) in Lines(default))
        {
            string[] names;
            try
            {
                names = Names(line, row, number);
            }
            catch (InvalidInputException error) when (row + 1 < MostGuesses)
            {
                first ??= error; // a broken row like any other, if a sound one follows
                continue;
            }
            first = null;
            Schema = RowSchema.Guess(names);
            ExtraColumns = [.. names.Where(name => Schema.IndexOf(name) < 0 && name != "file_name")];
            break;
        }
        if (first is not null) throw first;
    }

    /// <inheritdoc/>
    public RowSchema Schema { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ExtraColumns { get; }

    /// <summary>Counts the rows (reads the file once).</summary>
    public long CountRows() => Lines(default).LongCount();

    /// <summary>The place of every <see cref="IndexStep"/>-th row, so that reading can start near any row (reads the file once).</summary>
    public IReadOnlyList<JsonlPlace> BuildIndex() => [.. Lines(default).Where(line => line.Row % IndexStep == 0).Select(line => new JsonlPlace(line.Offset, line.Row, line.Number - 1))];

    /// <inheritdoc/>
    public IEnumerable<DatasetRow> Read(long start) => Read(start, default);

    /// <summary>The rows from <paramref name="start"/> on, looked for from a known place at or before it.</summary>
    public IEnumerable<DatasetRow> Read(long start, JsonlPlace from)
    {
        foreach ((byte[] line, long row, long number, _) in Lines(from))
            if (row >= start) yield return ReadRow(line, row, number);
    }

    /// <inheritdoc/>
    public void Dispose() { }

    private string[] Names(byte[] line, long row, long number)
    {
        using JsonDocument document = Parse(line, row, number);
        try
        {
            return [.. document.RootElement.EnumerateObject().Select(property => property.Name).Distinct()];
        }
        catch (InvalidOperationException error)
        {
            throw Bad(row, $"a key on line {number} is not valid UTF-8.", error);
        }
    }

    private DatasetRow ReadRow(byte[] line, long row, long number)
    {
        object?[] cells = new object?[Schema.Columns.Count];
        JsonDocument document;
        try
        {
            document = Parse(line, row, number);
        }
        catch (InvalidInputException error) when (error.Finding is { } finding)
        {
            // A line that is no object is one bad row; those after it may be sound.
            return new DatasetRow(Schema, new RowPosition("default", "train", file, row, row), cells, [new CellFault("", finding.Code, finding.What)]);
        }
        using JsonDocument owned = document;
        List<CellFault> faults = [];
        for (int i = 0; i < cells.Length; i++)
        {
            (string name, ColumnKind kind) = Schema.Columns[i];
            if (!document.RootElement.TryGetProperty(name, out JsonElement cell) && !(kind == ColumnKind.Image && document.RootElement.TryGetProperty("file_name", out cell)))
                faults.Add(new CellFault(name, Fault.MissingColumn, $"line {number} has no key '{name}'."));
            else if (cell.ValueKind == JsonValueKind.Null) cells[i] = null;
            else
            {
                try
                {
                    cells[i] = kind switch
                    {
                        ColumnKind.Text => cell.ValueKind == JsonValueKind.String ? cell.GetString() : throw new FormatException($"{Finding.Quote(cell.GetRawText())} is not a string."),
                        ColumnKind.Integer => cell.ValueKind == JsonValueKind.Number && cell.TryGetInt64(out long value) ? value : throw new FormatException($"{Finding.Quote(cell.GetRawText())} is not a whole number."),
                        _ => ReadImage(cell),
                    };
                }
                catch (FormatException error)
                {
                    faults.Add(new CellFault(name, Fault.WrongType, error.Message));
                }
                catch (InvalidOperationException)
                {
                    faults.Add(new CellFault(name, Fault.InvalidUtf8, $"the text on line {number} is not valid UTF-8; write it again in UTF-8 or drop the row."));
                }
            }
        }
        return new DatasetRow(Schema, new RowPosition("default", "train", file, row, row), cells, faults);
    }

    private EncodedImage ReadImage(JsonElement cell)
    {
        if (cell.ValueKind == JsonValueKind.String)
        {
            string text = cell.GetString()!;
            if (!text.StartsWith("data:", StringComparison.Ordinal)) return new EncodedImage(ImageFiles.TryReadNamed(file, text), text);
            int comma = text.IndexOf(',', StringComparison.Ordinal);
            if (comma < 0 || !text.AsSpan(0, comma).EndsWith(";base64")) throw new FormatException("the data URI is not of the form data:<type>;base64,<bytes>.");
            return new EncodedImage(Decode(text.AsSpan(comma + 1)), null);
        }
        if (cell.ValueKind != JsonValueKind.Object) throw new FormatException($"{Finding.Quote(cell.GetRawText())} is not an image: give a path, a data URI or {{\"bytes\": base64, \"path\": ...}}.");
        string? path = cell.TryGetProperty("path", out JsonElement named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
        if (cell.TryGetProperty("bytes", out JsonElement bytes) && bytes.ValueKind == JsonValueKind.String) return new EncodedImage(Decode(bytes.GetString()), path);
        return new EncodedImage(path is null ? null : ImageFiles.TryReadNamed(file, path), path);
    }

    private static byte[] Decode(ReadOnlySpan<char> base64)
    {
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (!Convert.TryFromBase64Chars(base64, bytes, out int written)) throw new FormatException("the image is not valid base64.");
        return written == bytes.Length ? bytes : bytes[..written];
    }

    private JsonDocument Parse(byte[] line, long row, long number)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw Bad(row, $"line {number} is not a JSON object; mend or remove it.");
        }
        catch (JsonException error)
        {
            string what = error.Message.Split(" LineNumber:")[0];
            throw Bad(row, $"line {number} is not JSON at byte {error.BytePositionInLine} ({what.TrimEnd('.')}); mend or remove it.", error);
        }
    }

    private InvalidInputException Bad(long row, string what, Exception? inner = null) => new(new Finding(Fault.BadJson, FindingSeverity.Error, file, row, [], what), inner);

    /// <summary>The lines that are not blank, each with its row (from 0) and its line number (from 1).</summary>
    private IEnumerable<(byte[] Line, long Row, long Number, long Offset)> Lines(JsonlPlace from)
    {
        using FileStream stream = Open();
        stream.Seek(from.Offset, SeekOrigin.Begin);
        byte[] buffer = new byte[1 << 20];
        int start = 0, end = 0;
        long row = from.Row, number = from.Number, offset = from.Offset;
        bool ended = false;
        while (!ended || start < end)
        {
            int length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length < 0 && !ended)
            {
                if (start > 0) buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
                if (end == buffer.Length)
                {
                    if (buffer.Length >= LongestLine) throw Bad(row, $"line {number + 1} is longer than {LongestLine >> 20} MiB.");
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
                int read = Fill(stream, buffer, end);
                ended = read == 0;
                end += read;
                continue;
            }
            int size = length < 0 ? end - start : length;
            ReadOnlyMemory<byte> line = buffer.AsMemory(start, size);
            int step = length < 0 ? size : size + 1;
            start += step;
            offset += step;
            if (++number == 1 && line.Span.StartsWith(Encoding.UTF8.Preamble)) line = line[3..];
            if (line.Span.ContainsAnyExcept(" \t\r"u8)) yield return (line.ToArray(), row++, number, offset - step);
        }
    }

    private int Fill(FileStream stream, byte[] buffer, int from)
    {
        try
        {
            return stream.Read(buffer, from, buffer.Length - from);
        }
        catch (IOException error)
        {
            throw Unreadable(error);
        }
    }

    private FileStream Open()
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(error);
        }
    }

    private InvalidInputException Unreadable(Exception error) =>
        new(new Finding(Fault.Unreadable, FindingSeverity.Error, file, null, [], $"the file cannot be opened ({ParquetFile.FirstLine(error)})."), error);
}
