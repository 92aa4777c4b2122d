namespace SafeRlhfV.Data;

/// <summary>Columns that stand in the names of folders, as Spark and Hive write them: <c>category=animal_abuse/part-00000.parquet</c>.</summary>
internal static class PartitionPath
{
    private const string HiveNull = "__HIVE_DEFAULT_PARTITION__";

    /// <summary>The values of a file's columns that only its folders hold, as cells.</summary>
    /// <param name="file">The file's path.</param>
    /// <param name="schema">The columns that are read.</param>
    /// <param name="present">The columns that the file itself has.</param>
    public static IReadOnlyDictionary<string, object> Values(string file, RowSchema schema, IReadOnlyCollection<string> present)
    {
        Dictionary<string, object> values = [];
        foreach ((string name, string? text) in Columns(Path.GetDirectoryName(file) ?? ""))
        {
            if (text is null || schema.IndexOf(name) is not (>= 0 and var at) || present.Contains(name)) continue;
            if (schema.Columns[at].Kind == ColumnKind.Text) values[name] = text;
            else if (schema.Columns[at].Kind == ColumnKind.Integer && LabelWords.Whole(text) is { } number) values[name] = number;
        }
        return values;
    }

    /// <summary>The columns that a folder's path names, in order; null is what Hive writes for it.</summary>
    public static IEnumerable<(string Name, string? Value)> Columns(string folders)
    {
        foreach (string folder in folders.Split('/', '\\'))
            if (folder.IndexOf('=', StringComparison.Ordinal) is var at and > 0)
                yield return (Uri.UnescapeDataString(folder[..at]), folder[(at + 1)..] == HiveNull ? null : Uri.UnescapeDataString(folder[(at + 1)..]));
    }

    /// <summary>The value of a folder named "key=value", or the name itself.</summary>
    public static string Plain(string folder) => folder.IndexOf('=', StringComparison.Ordinal) is var at and > 0
        ? Uri.UnescapeDataString(folder[(at + 1)..])
        : folder;
}
