using System.Runtime.InteropServices;
using System.Text.Json;
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
        // Encoded pictures do not compress, and their statistics would repeat them.
        builder.Compression(Compression.Snappy).EnablePageChecksum().CreatedBy("SafeRlhfV");
        foreach ((string name, ColumnKind kind) in schema.Columns)
            if (kind is ColumnKind.Image or ColumnKind.ImageList)
            {
                string bytes = kind == ColumnKind.Image ? $"{name}.bytes" : $"{name}.list.element.bytes";
                builder.Compression(bytes, Compression.Uncompressed).DisableDictionary(bytes).DisableStatistics(bytes);
            }
        using WriterProperties properties = builder.Build();
        writer = new ParquetFileWriter(output, root, properties, new Dictionary<string, string> { ["huggingface"] = HuggingFaceKey(schema) });
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
                case var kind:
                    // The image stands two levels deep in its list (list, then element), and a row without one has an empty list.
                    int index = column;
                    short below = (short)(kind == ColumnKind.ImageList ? 2 : 0), none = (short)(kind == ColumnKind.ImageList ? 1 : 0);
                    WriteSlices(group, rows, row => ((EncodedImage?)row[index])?.Bytes, row => Level((EncodedImage?)row[index], image => image.Bytes, below, none), (short)(below + 2));
                    WriteSlices(group, rows, row => Utf8(((EncodedImage?)row[index])?.Path), row => Level((EncodedImage?)row[index], image => image.Path, below, none), (short)(below + 2));
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

    /// <summary>The features as Hugging Face <c>datasets</c> reads them from the file's metadata.</summary>
    internal static string HuggingFaceKey(RowSchema schema)
    {
        Dictionary<string, object> features = schema.Columns.ToDictionary(column => column.Name, column => column.Kind switch
        {
            ColumnKind.Image => new Dictionary<string, string> { ["_type"] = "Image" },
            ColumnKind.ImageList => new[] { new Dictionary<string, string> { ["_type"] = "Image" } },
            ColumnKind.Integer => new Dictionary<string, string> { ["dtype"] = "int64", ["_type"] = "Value" },
            _ => (object)new Dictionary<string, string> { ["dtype"] = "string", ["_type"] = "Value" },
        });
        return JsonSerializer.Serialize(new { info = new { features } });
    }

    private static GroupNode Root(RowSchema schema) => new("schema", Repetition.Required, [.. schema.Columns.Select<(string Name, ColumnKind Kind), Node>(column => column.Kind switch
    {
        ColumnKind.Text => new PrimitiveNode(column.Name, Repetition.Optional, LogicalType.String(), PhysicalType.ByteArray),
        ColumnKind.Integer => new PrimitiveNode(column.Name, Repetition.Optional, LogicalType.None(), PhysicalType.Int64),
        ColumnKind.Image => Image(column.Name),
        _ => new GroupNode(column.Name, Repetition.Optional, [new GroupNode("list", Repetition.Repeated, [Image("element")])], LogicalType.List()),
    })]);

    private static GroupNode Image(string name) => new(name, Repetition.Optional,
    [
        new PrimitiveNode("bytes", Repetition.Optional, LogicalType.None(), PhysicalType.ByteArray),
        new PrimitiveNode("path", Repetition.Optional, LogicalType.String(), PhysicalType.ByteArray),
    ]);

    private static short Level(EncodedImage? image, Func<EncodedImage, object?> value, short below, short none) =>
        image is null ? none : (short)(below + (value(image) is null ? 1 : 2));

    private static byte[]? Utf8(string? text) => text is null ? null : System.Text.Encoding.UTF8.GetBytes(text);

    private static void WriteSlices(RowGroupWriter group, IReadOnlyList<DatasetRow> rows, Func<DatasetRow, byte[]?> value, Func<DatasetRow, short> level, short full)
    {
        using ColumnWriter<ByteArray> column = (ColumnWriter<ByteArray>)group.NextColumn();
        short[] levels = [.. rows.Select(level)];
        List<ByteArray> slices = [];
        List<GCHandle> pins = [];
        try
        {
            foreach (DatasetRow row in rows)
            {
                if (level(row) != full || value(row) is not { } bytes) continue;
                GCHandle pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
                pins.Add(pin);
                slices.Add(new ByteArray(pin.AddrOfPinnedObject(), bytes.Length));
            }
            // One value a row: every repetition level is 0.
            column.WriteBatch(rows.Count, levels, column.ColumnDescriptor.MaxRepetitionLevel > 0 ? new short[rows.Count] : [], CollectionsMarshal.AsSpan(slices));
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
