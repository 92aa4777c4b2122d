using ParquetSharp;
using ParquetSharp.Schema;

namespace SafeRlhfV.Data;

/// <summary>Finds a layout's columns in a Parquet schema by the path of their nodes and checks their types. A name with dots is a name, never a path.</summary>
internal static class ParquetColumns
{
    /// <summary>
    /// A column's leaves: its value, the path of an image, the definition level at which an image's struct is present, and all physical columns below it.
    /// </summary>
    public sealed record Bound(ParquetLeaf? Value, ParquetLeaf? Path, int ImageLevel, int[] Leaves);

    /// <summary>
    /// The leaves of each column of the layout; null for columns that the file does not have, without a value where the column holds only nulls.
    /// </summary>
    /// <exception cref="InvalidInputException">Columns are of another type; the message names all of them.</exception>
    public static Bound?[] Bind(string file, RowSchema schema, GroupNode root)
    {
        Dictionary<string, (Node Node, int First)> fields = [];
        int leaf = 0;
        foreach (Node field in root.Fields)
        {
            fields.TryAdd(field.Name, (field, leaf));
            leaf += CountLeaves(field);
        }
        List<string> wrong = [], found = [];
        Bound?[] bound = new Bound?[schema.Columns.Count];
        for (int i = 0; i < bound.Length; i++)
        {
            (string name, ColumnKind kind) = schema.Columns[i];
            if (!fields.TryGetValue(name, out (Node Node, int First) field)) continue;
            bound[i] = Bind(name, field.Node, field.First, kind);
            if (bound[i] is not null) continue;
            wrong.Add(name);
            found.Add($"{name} is {Describe(field.Node)}, not {Describe(kind)}");
        }
        if (wrong.Count > 0)
            throw new InvalidInputException(new Finding(Fault.WrongType, FindingSeverity.Error, file, null, wrong,
                $"{string.Join("; ", found)}; write the columns with the types of BeaverTails-V, or read the file with 'data import'."));
        return bound;
    }

    /// <summary>The fault of columns that a file lacks.</summary>
    public static Finding Missing(string file, RowLayout layout, IReadOnlyList<string> absent) =>
        new(Fault.MissingColumn, FindingSeverity.Error, file, null, absent,
        $"missing from the file; a {layout.ToString().ToLowerInvariant()} data set needs them here.");

    private static Bound? Bind(string name, Node field, int first, ColumnKind kind)
    {
        int[] leaves = [.. Enumerable.Range(first, CountLeaves(field))];
        if (IsNull(field)) return new Bound(null, null, 0, leaves);
        switch (kind)
        {
            case ColumnKind.Text:
                return IsText(field) || RecordColumns.MayHoldNumbers(name) && IsNumber(field, orBoolean: true)
                    ? new Bound(new ParquetLeaf(first, name), null, 0, leaves) : null;
            case ColumnKind.Integer:
                return IsNumber(field, orBoolean: false) ? new Bound(new ParquetLeaf(first, name), null, 0, leaves) : null;
            case ColumnKind.Messages or ColumnKind.ImageList:
                return field is GroupNode { LogicalType.Type: LogicalTypeEnum.List } || field is GroupNode { Fields: [{ Repetition: Repetition.Repeated }] }
                    ? new Bound(null, null, 0, leaves) : null;
            default:
                if (field is not GroupNode group || group.Repetition == Repetition.Repeated
                    || group.LogicalType.Type is LogicalTypeEnum.List or LogicalTypeEnum.Map) return null;
                (ParquetLeaf? bytes, ParquetLeaf? path, bool pathIsNull, int at) = (null, null, false, first);
                foreach (Node child in group.Fields)
                {
                    if (child.Name == "bytes" && child is PrimitiveNode { PhysicalType: PhysicalType.ByteArray } && child.Repetition != Repetition.Repeated)
                        bytes = new ParquetLeaf(at, name);
                    if (child.Name == "path" && !(pathIsNull = IsNull(child))) path = IsText(child) ? new ParquetLeaf(at, name) : null;
                    if (child.Name == "path" && path is null && !pathIsNull) return null;
                    at += CountLeaves(child);
                }
                return bytes is null ? null : new Bound(bytes, path, group.Repetition == Repetition.Optional ? 1 : 0, leaves);
        }
    }

    private static int CountLeaves(Node node) => node is GroupNode group ? group.Fields.Sum(CountLeaves) : 1;

    /// <summary>Whether a column has a type of its own for nothing but nulls, as pyarrow gives one that was never set.</summary>
    private static bool IsNull(Node field) => field is PrimitiveNode { LogicalType.Type: LogicalTypeEnum.Nil };

    private static bool IsNumber(Node field, bool orBoolean) => field.Repetition != Repetition.Repeated && field is PrimitiveNode primitive
        && (primitive.PhysicalType is PhysicalType.Int32 or PhysicalType.Int64 && primitive.LogicalType.Type is LogicalTypeEnum.None or LogicalTypeEnum.Int
            || primitive.PhysicalType is PhysicalType.Float or PhysicalType.Double && primitive.LogicalType.Type == LogicalTypeEnum.None
            || orBoolean && primitive.PhysicalType == PhysicalType.Boolean);

    private static bool IsText(Node field) => field is PrimitiveNode { PhysicalType: PhysicalType.ByteArray } && field.Repetition != Repetition.Repeated
        && field.LogicalType.Type is LogicalTypeEnum.String or LogicalTypeEnum.None or LogicalTypeEnum.Enum or LogicalTypeEnum.Json;

    private static string Describe(ColumnKind kind) => kind switch
    {
        ColumnKind.Text => "string",
        ColumnKind.Integer => "int64",
        ColumnKind.Messages => "list<struct<role, content>>",
        ColumnKind.ImageList => "list<struct<bytes: binary, path: string>>",
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
