using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace SafeRlhfV.Data;

/// <summary>The values of Arrow arrays, which Parquet and Arrow files both give.</summary>
internal static class ArrowValues
{
    private const string ExtensionName = "ARROW:extension:name", JsonExtension = "arrow.json";

    /// <summary>The rows of a batch as maps. Of columns with one name the last counts.</summary>
    public static IEnumerable<SourceMap> Rows(RecordBatch batch)
    {
        (string Name, Func<int, object?> Read)[] columns = [.. batch.Schema.FieldsList.Select((field, i) => (field.Name, Reader(field, batch.Column(i))))];
        for (int row = 0; row < batch.Length; row++)
        {
            SourceMap map = new();
            foreach ((string name, Func<int, object?> read) in columns) map[name] = read(row);
            yield return map;
        }
    }

    /// <summary>What reads a value of an array by its place.</summary>
    private static Func<int, object?> Reader(Field field, IArrowArray array)
    {
        Func<int, object?> read = Present(array);
        // datasets writes lists of unlike objects as JSON texts
        if (field.HasMetadata && field.Metadata.TryGetValue(ExtensionName, out string? name) && name == JsonExtension)
            return at => array.IsNull(at) ? null : Parsed(read(at));
        return at => array.IsNull(at) ? null : read(at);
    }

    private static Func<int, object?> Present(IArrowArray array)
    {
        switch (array)
        {
            case StringArray texts: return at => SourceText.Decode(texts.GetBytes(at));
            case LargeStringArray texts: return at => SourceText.Decode(texts.GetBytes(at));
            case StringViewArray texts: return at => SourceText.Decode(texts.GetBytes(at));
            case LargeBinaryArray binary: return at => binary.GetBytes(at).ToArray();
            case BinaryViewArray binary: return at => binary.GetBytes(at).ToArray();
            case BinaryArray binary: return at => binary.GetBytes(at).ToArray();
            case BooleanArray flags: return at => flags.GetValue(at);
            case Int8Array numbers: return at => (long)numbers.Values[at];
            case Int16Array numbers: return at => (long)numbers.Values[at];
            case Int32Array numbers: return at => (long)numbers.Values[at];
            case Int64Array numbers: return at => numbers.Values[at];
            case UInt8Array numbers: return at => (long)numbers.Values[at];
            case UInt16Array numbers: return at => (long)numbers.Values[at];
            case UInt32Array numbers: return at => (long)numbers.Values[at];
            case UInt64Array numbers: return at => numbers.Values[at] <= long.MaxValue ? (long)numbers.Values[at] : (double)numbers.Values[at];
            case HalfFloatArray numbers: return at => (double)numbers.Values[at];
            case FloatArray numbers: return at => (double)numbers.Values[at];
            case DoubleArray numbers: return at => numbers.Values[at];
            case DictionaryArray coded:
                Func<int, object?> meaning = Reader(new Field("", coded.Dictionary.Data.DataType, true), coded.Dictionary), code = Present(coded.Indices);
                return at => meaning(Convert.ToInt32(code(at), CultureInfo.InvariantCulture));
            case StructArray group:
                (string Name, Func<int, object?> Read)[] fields =
                    [.. ((StructType)group.Data.DataType).Fields.Select((field, i) => (field.Name, Reader(field, group.Fields[i])))];
                return at =>
                {
                    SourceMap map = new();
                    foreach ((string name, Func<int, object?> read) in fields) map[name] = read(at);
                    return map;
                };
            case MapArray map: return _ => new OtherValue(map.Data.DataType.Name);
            case ListArray list: return Items(((ListType)list.Data.DataType).ValueField, list.Values, at => (list.ValueOffsets[at], list.ValueOffsets[at + 1]));
            case LargeListArray list:
                return Items(((LargeListType)list.Data.DataType).ValueField, list.Values,
                    at => checked(((int)list.ValueOffsets[at], (int)list.ValueOffsets[at + 1])));
            case FixedSizeListArray list:
                int size = ((FixedSizeListType)list.Data.DataType).ListSize;
                return Items(((FixedSizeListType)list.Data.DataType).ValueField, list.Values, at => ((at + list.Offset) * size, (at + list.Offset + 1) * size));
            default: return _ => new OtherValue(array.Data.DataType.Name);
        }
    }

    private static Func<int, object?> Items(Field field, IArrowArray values, Func<int, (int From, int To)> span)
    {
        Func<int, object?> read = Reader(field, values);
        return at =>
        {
            (int from, int to) = span(at);
            List<object?> items = new(to - from);
            for (int i = from; i < to; i++) items.Add(read(i));
            return items;
        };
    }

    private static object? Parsed(object? text) => text is string json && LenientJson.TryParse(json, out object? value) ? value : text;
}
