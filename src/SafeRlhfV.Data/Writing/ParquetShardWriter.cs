using System.Runtime.InteropServices;
using ParquetSharp;
using ParquetSharp.IO;
using ParquetSharp.Schema;

namespace SafeRlhfV.Data;

/// <summary>Writes one Parquet file of BeaverTails-V rows as Hugging Face's writer does: nullable columns, the features under the key "huggingface".</summary>
internal sealed class ParquetShardWriter : IDisposable
{
    private readonly RowSchema schema;
    private readonly FileStream stream;
    private readonly ManagedOutputStream output;
    private readonly ParquetFileWriter writer;

    public ParquetShardWriter(string file, RowSchema schema)
    {
        this.schema = schema;
        stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        output = new ManagedOutputStream(stream, leaveOpen: true);
        using GroupNode root = Root(schema);
        using WriterPropertiesBuilder builder = new();
        // Encoded images do not compress, and their statistics would repeat them.
        builder.Compression(Compression.Snappy).EnablePageChecksum().CreatedBy("SafeRlhfV");
        foreach ((string name, ColumnKind kind) in schema.Columns)
            if (kind is ColumnKind.Image or ColumnKind.ImageList)
            {
                string bytes = kind == ColumnKind.Image ? $"{name}.bytes" : $"{name}.list.element.bytes";
                builder.Compression(bytes, Compression.Uncompressed).DisableDictionary(bytes).DisableStatistics(bytes);
            }
        using WriterProperties properties = builder.Build();
        writer = new ParquetFileWriter(output, root, properties, new Dictionary<string, string> { ["huggingface"] = RowFeatures.Json(schema) });
    }

    /// <summary>Writes the rows as one row group.</summary>
    public void WriteGroup(IReadOnlyList<DatasetRow> rows)
    {
        using RowGroupWriter group = writer.AppendRowGroup();
        for (int column = 0; column < schema.Columns.Count; column++)
        {
            switch (schema.Columns[column].Kind)
            {
                case ColumnKind.Text:
                    int text = column;
                    WriteSlices(group, rows, row => Utf8((string?)row[text]), row => row[text] is null ? (short)0 : (short)1, 1);
                    break;
                case ColumnKind.Integer:
                    WriteIntegers(group, rows, column);
                    break;
                case ColumnKind.Image:
                    int image = column;
                    WriteSlices(group, rows, row => ((EncodedImage?)row[image])?.Bytes, row => Level((EncodedImage?)row[image], one => one.Bytes), 2);
                    WriteSlices(group, rows, row => Utf8(((EncodedImage?)row[image])?.Path), row => Level((EncodedImage?)row[image], one => one.Path), 2);
                    break;
                case ColumnKind.ImageList:
                    IReadOnlyList<EncodedImage>?[] images = [.. rows.Select(row => (IReadOnlyList<EncodedImage>?)row[column])];
                    WriteNested(group, NestedLevels.OfImages(images, one => one.Bytes));
                    WriteNested(group, NestedLevels.OfImages(images, one => Utf8(one.Path)));
                    break;
                case var kind:
                    IReadOnlyList<ConversationMessage>?[] messages = [.. rows.Select(row => (IReadOnlyList<ConversationMessage>?)row[column])];
                    WriteNested(group, NestedLevels.OfMessages(messages, message => (true, Utf8(message.Role.ToString().ToLowerInvariant())!)));
                    WriteNested(group, NestedLevels.OfParts(messages, part => part.Text is null ? "image" : "text"));
                    WriteNested(group, NestedLevels.OfParts(messages, part => part.Text));
                    if (kind == ColumnKind.Messages)
                    {
                        NestedLevels<bool> loss = NestedLevels.OfMessages(messages, message => (message.Loss is not null, message.Loss ?? false));
                        using ColumnWriter<bool> flags = (ColumnWriter<bool>)group.NextColumn();
                        flags.WriteBatch(loss.Definition.Count, CollectionsMarshal.AsSpan(loss.Definition), CollectionsMarshal.AsSpan(loss.Repetition),
                            CollectionsMarshal.AsSpan(loss.Values));
                    }
                    break;
            }
        }
        group.Close();
    }

    /// <summary>Writes the footer and flushes to the disk. Returns the file's length.</summary>
    public long Close()
    {
        writer.Close();
        stream.Flush(flushToDisk: true);
        return stream.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            writer.Dispose();
        }
        catch (Exception error) when (error is ParquetException or IOException)
        {
            // The footer of an abandoned file could not be written; the file is removed with its folder.
        }
        output.Dispose();
        stream.Dispose();
    }

    private static GroupNode Root(RowSchema schema) =>
        new("schema", Repetition.Required, [.. schema.Columns.Select<(string Name, ColumnKind Kind), Node>(column => column.Kind switch
    {
        ColumnKind.Text => Text(column.Name),
        ColumnKind.Integer => new PrimitiveNode(column.Name, Repetition.Optional, LogicalType.None(), PhysicalType.Int64),
        ColumnKind.Image => Image(column.Name),
        ColumnKind.ImageList => List(column.Name, Image("element")),
        _ => List(column.Name, new GroupNode("element", Repetition.Optional,
        [
            Text("role"), List("content", new GroupNode("element", Repetition.Optional, [Text("type"), Text("text")])),
            .. column.Kind == ColumnKind.Messages ? (Node[])[new PrimitiveNode("loss", Repetition.Optional, LogicalType.None(), PhysicalType.Boolean)] : [],
        ])),
    })]);

    private static PrimitiveNode Text(string name) => new(name, Repetition.Optional, LogicalType.String(), PhysicalType.ByteArray);

    private static GroupNode List(string name, GroupNode element) =>
        new(name, Repetition.Optional, [new GroupNode("list", Repetition.Repeated, [element])], LogicalType.List());

    private static GroupNode Image(string name) => new(name, Repetition.Optional,
    [
        new PrimitiveNode("bytes", Repetition.Optional, LogicalType.None(), PhysicalType.ByteArray),
        new PrimitiveNode("path", Repetition.Optional, LogicalType.String(), PhysicalType.ByteArray),
    ]);

    private static short Level(EncodedImage? image, Func<EncodedImage, object?> value) => (short)(image is null ? 0 : value(image) is null ? 1 : 2);

    private static byte[]? Utf8(string? text) => text is null ? null : System.Text.Encoding.UTF8.GetBytes(text);

    private static void WriteSlices(RowGroupWriter group, IReadOnlyList<DatasetRow> rows, Func<DatasetRow, byte[]?> value, Func<DatasetRow, short> level,
        short full) =>
        WriteSlices(group, [.. rows.Select(level)], [], rows.Where(row => level(row) == full).Select(value).OfType<byte[]>());

    private static void WriteNested(RowGroupWriter group, NestedLevels<byte[]> levels) =>
        WriteSlices(group, CollectionsMarshal.AsSpan(levels.Definition), CollectionsMarshal.AsSpan(levels.Repetition), levels.Values);

    private static void WriteSlices(RowGroupWriter group, ReadOnlySpan<short> definition, ReadOnlySpan<short> repetition, IEnumerable<byte[]> values)
    {
        using ColumnWriter<ByteArray> column = (ColumnWriter<ByteArray>)group.NextColumn();
        List<ByteArray> slices = [];
        List<GCHandle> pins = [];
        try
        {
            foreach (byte[] bytes in values)
            {
                GCHandle pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
                pins.Add(pin);
                slices.Add(new ByteArray(pin.AddrOfPinnedObject(), bytes.Length));
            }
            column.WriteBatch(definition.Length, definition, repetition, CollectionsMarshal.AsSpan(slices));
        }
        finally
        {
            foreach (GCHandle pin in pins) pin.Free();
        }
    }

    private static void WriteIntegers(RowGroupWriter group, IReadOnlyList<DatasetRow> rows, int index)
    {
        using ColumnWriter<long> column = (ColumnWriter<long>)group.NextColumn();
        short[] levels = [.. rows.Select(row => row[index] is null ? (short)0 : (short)1)];
        column.WriteBatch(rows.Count, levels, [], (long[])[.. rows.Select(row => row[index]).OfType<long>()]);
    }
}
