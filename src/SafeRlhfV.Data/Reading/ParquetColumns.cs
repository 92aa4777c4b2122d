using ParquetSharp;
using ParquetSharp.Schema;

namespace SafeRlhfV.Data;

/// <summary>Finds a layout's columns in a Parquet schema by name and checks their types.</summary>
internal static class ParquetColumns
{
    /// <summary>The leaves of each column of the layout; for the image also the definition level at which the struct is present.</summary>
    /// <exception cref="InvalidInputException">Columns are missing or of another type; the message names all of them.</exception>
    public static (ParquetLeaf? Value, ParquetLeaf? Path, int ImageLevel)[] Bind(string file, RowSchema schema, Dictionary<string, Node> fields, SchemaDescriptor descriptor)
    {
        string[] missing = [.. schema.Columns.Select(column => column.Name).Where(name => !fields.ContainsKey(name))];
        if (missing.Length > 0)
            throw new InvalidInputException(new Finding(Fault.MissingColumn, FindingSeverity.Error, file, null, missing,
                $"missing from the file, which has {string.Join(", ", fields.Keys.Take(24))}; a {schema.Layout.ToString().ToLowerInvariant()} data set needs them."));

        Dictionary<string, int> indices = new(StringComparer.Ordinal);
        for (int i = 0; i < descriptor.NumColumns; i++) indices[descriptor.Column(i).Path.ToDotString()] = i;

        List<string> wrong = [], found = [];
        var bound = new (ParquetLeaf?, ParquetLeaf?, int)[schema.Columns.Count];
        for (int i = 0; i < bound.Length; i++)
        {
            (string name, ColumnKind kind) = schema.Columns[i];
            if (Bind(fields[name], kind, indices) is { } leaves) bound[i] = leaves;
            else
            {
                wrong.Add(name);
                found.Add($"{name} is {Describe(fields[name])}, not {Describe(kind)}");
            }
        }
        if (wrong.Count > 0)
            throw new InvalidInputException(new Finding(Fault.WrongType, FindingSeverity.Error, file, null, wrong, $"{string.Join("; ", found)}; write the columns with the types of BeaverTails-V."));
        return bound;
    }

    private static (ParquetLeaf?, ParquetLeaf?, int)? Bind(Node field, ColumnKind kind, Dictionary<string, int> indices)
    {
        switch (kind)
        {
            case ColumnKind.Text:
                return IsText(field) ? (Leaf(field.Name, indices), null, 0) : null;
            case ColumnKind.Integer:
                return field is PrimitiveNode { PhysicalType: PhysicalType.Int32 or PhysicalType.Int64, LogicalType.Type: LogicalTypeEnum.None or LogicalTypeEnum.Int } && field.Repetition != Repetition.Repeated
                    ? (Leaf(field.Name, indices), null, 0) : null;
            default:
                if (field is not GroupNode group || group.Repetition == Repetition.Repeated || group.LogicalType.Type is LogicalTypeEnum.List or LogicalTypeEnum.Map) return null;
                Node? bytes = group.Fields.FirstOrDefault(child => child.Name == "bytes"), path = group.Fields.FirstOrDefault(child => child.Name == "path");
                if (bytes is not PrimitiveNode { PhysicalType: PhysicalType.ByteArray } || bytes.Repetition == Repetition.Repeated) return null;
                if (path is not null && !IsText(path)) return null;
                return (Leaf($"{field.Name}.bytes", indices), path is null ? null : Leaf($"{field.Name}.path", indices), group.Repetition == Repetition.Optional ? 1 : 0);
        }
    }

    private static ParquetLeaf Leaf(string path, Dictionary<string, int> indices) => new(indices[path], path);

    private static bool IsText(Node field) => field is PrimitiveNode { PhysicalType: PhysicalType.ByteArray } && field.Repetition != Repetition.Repeated
        && field.LogicalType.Type is LogicalTypeEnum.String or LogicalTypeEnum.None or LogicalTypeEnum.Enum or LogicalTypeEnum.Json;

    private static string Describe(ColumnKind kind) => kind switch
    {
        ColumnKind.Text => "string",
        ColumnKind.Integer => "int64",
        _ => "struct<bytes: binary, path: string>",
    };

    private static string Describe(Node node) => node switch
    {
        GroupNode { LogicalType.Type: LogicalTypeEnum.List } => "a list",
        GroupNode group => $"struct<{string.Join(", ", group.Fields.Select(child => child.Name))}>",
        PrimitiveNode { LogicalType.Type: LogicalTypeEnum.String } => "string",
        PrimitiveNode primitive => primitive.PhysicalType.ToString().ToLowerInvariant(),
        _ => "of another type",
    };
}
