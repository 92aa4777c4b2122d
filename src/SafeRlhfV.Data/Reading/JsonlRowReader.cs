using System.Buffers.Text;
using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>
/// Rows of one JSON file: an object a line, or the objects of one array. An image is a path beside the file (column "image" or "file_name"), a data URI, or an
/// object with base64 bytes and a path.
/// </summary>
internal sealed class JsonlRowReader : IRowReader
{
    /// <summary>Rows between two places of the index.</summary>
    internal const int IndexStep = 64;

    private const int MostGuesses = 100;

    private readonly string file;
    private readonly JsonRecordFile records;
    private readonly IReadOnlyDictionary<string, object> constants;

    /// <summary>Opens the file; the keys of the first hundred rows tell the layout.</summary>
    /// <exception cref="InvalidInputException">The file cannot be opened, or its first rows are no JSON objects.</exception>
    public JsonlRowReader(string file)
    {
        (this.file, records) = (file, new JsonRecordFile(file));
        Schema = RowSchema.Paired;
        ExtraColumns = [];
        InvalidInputException? first = null;
        HashSet<string> names = [];
        byte[] only = [];
        int count = 0;
        foreach ((byte[] line, long row, long number, _) in records.Records(default).Take(MostGuesses))
            try
            {
                if (count++ == 0) only = line;
                names.UnionWith(Names(line, row, number));
            }
            catch (InvalidInputException error)
            {
                first ??= error; // a broken row like any other, if a sound one is beside it
            }
        if (names.Count == 0 && first is not null) throw IsOpened(only) ? OverLines(first) : first;
        Schema = RowSchema.Guess(names);
        if (count == 1 && names.All(name => Schema.IndexOf(name) < 0) && RowsWithin(only) is { } within)
            throw new InvalidInputException(new Finding(Fault.MissingColumn, FindingSeverity.Error, file, null, [], WhatIsWithin(within)));
        constants = PartitionPath.Values(file, Schema, names);
        ExtraColumns = [.. names.Where(name => Schema.IndexOf(name) < 0 && name != "file_name")];
    }

    /// <inheritdoc/>
    public RowSchema Schema { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ExtraColumns { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> AbsentColumns => [];

    /// <summary>Counts the rows (reads the file once).</summary>
    public long CountRows() => records.Records(default).LongCount();

    /// <summary>The place of every <see cref="IndexStep"/>-th row, so that reading can start near any row (reads the file once).</summary>
    public IReadOnlyList<JsonlPlace> BuildIndex() =>
        [.. records.Records(default).Where(line => line.Row % IndexStep == 0).Select(line => new JsonlPlace(line.Offset, line.Row, line.Number - 1))];

    /// <inheritdoc/>
    public IEnumerable<DatasetRow> Read(long start, RowPosition? first = null, ImageStore? store = null) => Read(start, default, first, store);

    /// <summary>The rows from <paramref name="start"/> on, looked for from a known place at or before it.</summary>
    public IEnumerable<DatasetRow> Read(long start, JsonlPlace from, RowPosition? first, ImageStore? store)
    {
        RowPosition origin = first ?? RowPosition.FirstOf(file);
        foreach ((byte[] line, long row, long number, _) in records.Records(from))
            if (row >= start) yield return ReadRow(line, origin.Of(row), number, store);
    }

    /// <inheritdoc/>
    public void Dispose() { }

    /// <summary>The key of an object that holds a list of objects, which are its rows; null where there is none.</summary>
    private static string? RowsWithin(byte[] record)
    {
        using JsonDocument document = JsonDocument.Parse(record);
        return document.RootElement.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Array && member.Value.GetArrayLength() > 0
            && member.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object)).Select(member => member.Name).FirstOrDefault();
    }

    /// <summary>What is wrong with a file that is one object around its rows.</summary>
    /// <param name="key">The key that holds the rows.</param>
    internal static string WhatIsWithin(string key) =>
        $"the file is one object, and its key '{key}' holds a list of objects: write that list to a file of its own (jq '.{key}' FILE > rows.json).";

    private static bool IsOpened(byte[] line) => line.AsSpan().Trim(" \t\r\n"u8).SequenceEqual("{"u8);

    private InvalidInputException OverLines(Exception inner) => records.Bad(0,
        "line 1 begins an object that goes on over several lines; write each object on one line (jq -c . FILE > rows.jsonl), or all in one list.", inner);

    private string[] Names(byte[] line, long row, long number)
    {
        using JsonDocument document = Parse(line, row, number);
        try
        {
            return [.. document.RootElement.EnumerateObject().Select(property => property.Name).Distinct()];
        }
        catch (InvalidOperationException error)
        {
            throw records.Bad(row, $"a key on {records.Place(number)} is not valid UTF-8.", error);
        }
    }

    private DatasetRow ReadRow(byte[] line, RowPosition position, long number, ImageStore? store)
    {
        object?[] cells = new object?[Schema.Columns.Count];
        JsonDocument document;
        try
        {
            document = Parse(line, position.Row, number);
        }
        catch (InvalidInputException error) when (error.Finding is { } finding)
        {
            // A line that is no object is one bad row; those after it may be sound.
            return new DatasetRow(Schema, position, cells, [new CellFault("", finding.Code, finding.What)]);
        }
        using JsonDocument owned = document;
        List<CellFault> faults = [];
        for (int i = 0; i < cells.Length; i++)
        {
            (string name, ColumnKind kind) = Schema.Columns[i];
            if (!document.RootElement.TryGetProperty(name, out JsonElement cell)
                && !(kind == ColumnKind.Image && document.RootElement.TryGetProperty("file_name", out cell)))
            {
                if (!constants.TryGetValue(name, out cells[i]) && !RowSchema.IsExtension(name))
                    faults.Add(new CellFault(name, Fault.MissingColumn, $"{records.Place(number)} has no key '{name}'."));
            }
            else if (cell.ValueKind != JsonValueKind.Null)
            {
                try
                {
                    cells[i] = ImageStore.Put(store, ReadCell(name, kind, cell));
                }
                catch (FormatException error)
                {
                    faults.Add(new CellFault(name, MessagesJson.CodeOf(error), error.Message));
                }
                catch (InvalidOperationException)
                {
                    faults.Add(new CellFault(name, Fault.InvalidUtf8,
                        $"the text on {records.Place(number)} is not valid UTF-8; write it again in UTF-8 or drop the row."));
                }
            }
        }
        foreach (string name in (string[])["messages", "answer"])
            if (Schema.IndexOf(name) < 0 && document.RootElement.TryGetProperty(name, out _))
                faults.Add(new CellFault(name, Fault.WrongType,
                    $"{records.Place(number)} has the key '{name}', which none of the first {MostGuesses} rows has; give the first row \"{name}\": null."));
        return new DatasetRow(Schema, position, cells, faults);
    }

    private object? ReadCell(string name, ColumnKind kind, JsonElement cell) => kind switch
    {
        ColumnKind.Text when cell.ValueKind == JsonValueKind.String => cell.GetString(),
        ColumnKind.Text when RecordColumns.MayHoldNumbers(name) && cell.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number =>
            cell.GetRawText(),
        ColumnKind.Text => throw new FormatException($"{Finding.Quote(cell.GetRawText())} is not a string."),
        ColumnKind.Integer => cell.ValueKind == JsonValueKind.Number && LabelWords.Whole(cell.GetDouble()) is { } whole
            ? whole
            : throw new FormatException($"{Finding.Quote(cell.GetRawText())} is not a whole number."),
        ColumnKind.Messages => MessagesJson.Read(cell),
        ColumnKind.ImageList when cell.ValueKind == JsonValueKind.Array => (EncodedImage[])[.. cell.EnumerateArray().Select(ReadImage)],
        ColumnKind.ImageList => (EncodedImage[])[ReadImage(cell)],
        _ => ReadImage(cell),
    };

    private EncodedImage ReadImage(JsonElement cell)
    {
        if (cell.ValueKind == JsonValueKind.String)
        {
            string text = cell.GetString()!;
            if (!text.StartsWith("data:", StringComparison.Ordinal)) return new EncodedImage(ImageFiles.TryReadNamed(file, text), text);
            int comma = text.IndexOf(',', StringComparison.Ordinal);
            if (comma < 0 || !text.AsSpan(0, comma).EndsWith(";base64"))
                throw new FormatException("the data URI is not of the form data:<type>;base64,<bytes>.");
            return new EncodedImage(Decode(text.AsSpan(comma + 1)), null);
        }
        if (cell.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{Finding.Quote(cell.GetRawText())} is not an image: give a path, a data URI or {{\"bytes\": base64, \"path\": ...}}.");
        string? path = cell.TryGetProperty("path", out JsonElement named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
        if (cell.TryGetProperty("bytes", out JsonElement bytes) && bytes.ValueKind == JsonValueKind.String)
            return new EncodedImage(Decode(bytes.GetString()), path);
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
            JsonDocument document = JsonDocument.Parse(line, JsonLine.Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw records.Bad(row, $"{records.Place(number)} is not a JSON object; mend or remove it.");
        }
        catch (JsonException error) when (JsonLine.RepeatedName(error) is not null)
        {
            throw records.Bad(row, $"{records.Place(number)} {JsonLine.Fault(error)}.", error);
        }
        catch (JsonException error)
        {
            string what = error.Message.Split(" LineNumber:")[0];
            throw records.Bad(row, $"{records.Place(number)} is not JSON at byte {error.BytePositionInLine} ({what.TrimEnd('.')}); mend or remove it.", error);
        }
    }
}
