using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>
/// The features of a row's columns as Hugging Face <c>datasets</c> names them: in a Parquet file's metadata and in a dataset card. A feature is a value
/// (a map with <c>_type</c>), a list (an array of one feature), or a struct (a map of features by name).
/// </summary>
internal static class RowFeatures
{
    private const string TypeKey = "_type", DtypeKey = "dtype";

    /// <summary>The features as JSON, for a Parquet file's metadata under the key "huggingface".</summary>
    public static string Json(RowSchema schema) => JsonSerializer.Serialize(new
    {
        info = new { features = schema.Columns.ToDictionary(column => column.Name, column => Of(column.Kind)) },
    });

    /// <summary>The features as the YAML list of a dataset card.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="indent">What every line begins with.</param>
    public static string Yaml(RowSchema schema, string indent)
    {
        StringBuilder text = new();
        foreach ((string name, ColumnKind kind) in schema.Columns) Append(text, name, Of(kind), indent);
        return text.ToString();
    }

    private static object Of(ColumnKind kind) => kind switch
    {
        ColumnKind.Text => Value("string"),
        ColumnKind.Integer => Value("int64"),
        ColumnKind.Image => Image(),
        ColumnKind.ImageList => new object[] { Image() },
        ColumnKind.Messages or ColumnKind.PlainMessages => new object[] { Message(withLoss: kind == ColumnKind.Messages) },
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has no feature"),
    };

    private static Dictionary<string, object> Message(bool withLoss)
    {
        Dictionary<string, object> message = new()
        {
            ["role"] = Value("string"),
            ["content"] = new object[] { new Dictionary<string, object> { ["type"] = Value("string"), ["text"] = Value("string") } },
        };
        if (withLoss) message["loss"] = Value("bool");
        return message;
    }

    private static Dictionary<string, object> Image() => new() { [TypeKey] = "Image" };

    private static Dictionary<string, object> Value(string dtype) => new() { [DtypeKey] = dtype, [TypeKey] = "Value" };

    private static void Append(StringBuilder text, string name, object feature, string indent)
    {
        text.Append($"{indent}- name: {CardText.Scalar(name)}\n");
        string inner = $"{indent}  ";
        (string key, object of) = feature is object[] list ? ("list", list[0]) : (DtypeKey, feature);
        if (of is not Dictionary<string, object> map) throw new ArgumentException($"{name}: a list of lists has no place in a card.", nameof(feature));
        if (map.TryGetValue(TypeKey, out object? type))
        {
            text.Append($"{inner}{key}: {((string)type == "Image" ? "image" : map[DtypeKey])}\n");
            return;
        }
        text.Append($"{inner}{(key == DtypeKey ? "struct" : key)}:\n");
        foreach ((string field, object child) in map) Append(text, field, child, inner);
    }
}
