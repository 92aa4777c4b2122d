using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using ParquetSharp;
using ParquetSharp.Arrow;

namespace SafeRlhfV.Data;

/// <summary>Reads the columns <c>messages</c> and <c>images</c> of a Parquet file in step with the flat ones, a small batch at a time.</summary>
internal sealed class ParquetNestedColumns(string file, IReadOnlyList<(string Name, int[] Leaves)> columns) : IDisposable
{
    private FileReader? reader;
    private IArrowArrayStream? batches;
    private RecordBatch? batch;
    private int next;

    /// <summary>The next rows' values: JSON texts of messages, lists of images, or a fault.</summary>
    public IReadOnlyDictionary<string, object?[]> Read(int rows)
    {
        Dictionary<string, object?[]> cells = columns.ToDictionary(column => column.Name, _ => new object?[rows]);
        for (int row = 0; row < rows; row++)
        {
            Advance();
            foreach ((string name, _) in columns)
                if (batch!.Schema.GetFieldIndex(name) is var at && !batch.Column(at).IsNull(next))
                    cells[name][row] = name == "images" ? Images(batch.Column(at), next) : Messages(batch.Column(at), next);
            next++;
        }
        return cells;
    }

    /// <summary>Goes to a row group and skips rows in it.</summary>
    public void Open(int group, long skip)
    {
        Close();
        if (reader is null)
        {
            using ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
            properties.EnableBufferedStream();
            properties.EnablePageChecksumVerification();
            using ArrowReaderProperties arrow = ArrowReaderProperties.GetDefault();
            (arrow.BatchSize, arrow.PreBuffer, arrow.UseThreads) = (ParquetRowReader.BatchRows, false, false);
            reader = new FileReader(file, properties, arrow);
        }
        batches = reader.GetRecordBatchReader(rowGroups: [group], columns: [.. columns.SelectMany(column => column.Leaves)]);
        for (; skip > 0; skip--)
        {
            Advance();
            next++;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        reader?.Dispose();
    }

    private void Advance()
    {
        while (batch is null || next >= batch.Length)
        {
            batch?.Dispose();
            batch = TaskResult.Of(batches!.ReadNextRecordBatchAsync())
                ?? throw new InvalidDataException("the column has fewer rows than its row group");
            next = 0;
        }
    }

    private void Close()
    {
        batch?.Dispose();
        batches?.Dispose();
        (batch, batches, next) = (null, null, 0);
    }

    private static object Messages(IArrowArray column, int row)
    {
        try
        {
            using MemoryStream text = new();
            using (Utf8JsonWriter json = new(text)) WriteJson(json, column, row);
            using JsonDocument document = JsonDocument.Parse(text.ToArray());
            return MessagesJson.Read(document.RootElement);
        }
        catch (FormatException error)
        {
            return new CellFault("messages", MessagesJson.CodeOf(error), error.Message);
        }
    }

    private static object Images(IArrowArray column, int row)
    {
        (IArrowArray items, int from, int to) = Items(column, row) ?? throw new InvalidDataException("not a list");
        EncodedImage[] images = new EncodedImage[to - from];
        for (int i = from; i < to; i++)
        {
            if (items.IsNull(i)) images[i - from] = new EncodedImage(null, null);
            else if (items is StructArray group)
            {
                StructType type = (StructType)group.Data.DataType;
                byte[]? bytes = null;
                string? path = null;
                for (int field = 0; field < type.Fields.Count; field++)
                    if (!group.Fields[field].IsNull(i))
                    {
                        if (type.Fields[field].Name == "bytes") bytes = Bytes(group.Fields[field], i);
                        if (type.Fields[field].Name == "path") path = Text(group.Fields[field], i);
                    }
                images[i - from] = new EncodedImage(bytes, path);
            }
            else if (Bytes(items, i) is { } bytes) images[i - from] = new EncodedImage(bytes, null);
            else return new CellFault("images", Fault.WrongType, "an image is neither a struct of bytes and path nor bytes.");
        }
        return images;
    }

    private static void WriteJson(Utf8JsonWriter json, IArrowArray array, int at)
    {
        if (array.IsNull(at)) json.WriteNullValue();
        else if (array is StructArray group)
        {
            json.WriteStartObject();
            StructType type = (StructType)group.Data.DataType;
            for (int field = 0; field < type.Fields.Count; field++)
            {
                json.WritePropertyName(type.Fields[field].Name);
                WriteJson(json, group.Fields[field], at);
            }
            json.WriteEndObject();
        }
        else if (Items(array, at) is var (items, from, to))
        {
            json.WriteStartArray();
            for (int i = from; i < to; i++) WriteJson(json, items, i);
            json.WriteEndArray();
        }
        else if (array is BooleanArray flags) json.WriteBooleanValue(flags.GetValue(at)!.Value);
        else if (Text(array, at) is { } text) json.WriteStringValue(text);
        else json.WriteNumberValue(0); // a number or date: no part of a message that is read
    }

    private static (IArrowArray Items, int From, int To)? Items(IArrowArray array, int at) => array switch
    {
        ListArray list => (list.Values, list.ValueOffsets[at], list.ValueOffsets[at + 1]),
        LargeListArray list => (list.Values, checked((int)list.ValueOffsets[at]), checked((int)list.ValueOffsets[at + 1])),
        FixedSizeListArray list => (list.Values, (at + list.Offset) * ((FixedSizeListType)list.Data.DataType).ListSize,
            (at + list.Offset + 1) * ((FixedSizeListType)list.Data.DataType).ListSize),
        _ => null,
    };

    private static string? Text(IArrowArray array, int at) => array switch
    {
        StringArray texts => Decode(texts.GetBytes(at)),
        LargeStringArray texts => Decode(texts.GetBytes(at)),
        StringViewArray texts => Decode(texts.GetBytes(at)),
        _ => null,
    };

    private static string Decode(ReadOnlySpan<byte> utf8) => System.Text.Unicode.Utf8.IsValid(utf8) ? System.Text.Encoding.UTF8.GetString(utf8)
        : throw MessagesJson.Bad(Fault.InvalidUtf8, "a text is not valid UTF-8; write it again in UTF-8 or drop the row.");

    private static byte[]? Bytes(IArrowArray array, int at) => array switch
    {
        StringArray => null,
        BinaryArray binary => binary.GetBytes(at).ToArray(),
        LargeBinaryArray binary => binary.GetBytes(at).ToArray(),
        BinaryViewArray binary => binary.GetBytes(at).ToArray(),
        _ => null,
    };
}
