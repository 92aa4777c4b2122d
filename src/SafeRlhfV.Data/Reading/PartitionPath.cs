namespace SafeRlhfV.Data;

/// <summary>Columns that stand in the names of folders, as Spark and Hive write them: <c>category=animal_abuse/part-00000.parquet</c>.</summary>
internal static class PartitionPath
{
    /// <summary>The values of a file's columns that only its folders hold, as cells.</summary>
    /// <param name="file">The file's path.</param>
    /// <param name="schema">The columns that are read.</param>
    /// <param name="present">The columns that the file itself has.</param>
    public static IReadOnlyDictionary<string, object> Values(string file, RowSchema schema, IReadOnlyCollection<string> present)
    {
        Dictionary<string, object> values = [];
        foreach (string folder in (Path.GetDirectoryName(file) ?? "").Split('/', '\\'))
        {
            int equals = folder.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || schema.IndexOf(folder[..equals]) is not (>= 0 and var at) || present.Contains(folder[..equals])) continue;
            string text = Uri.UnescapeDataString(folder[(equals + 1)..]);
            if (schema.Columns[at].Kind == ColumnKind.Text) values[folder[..equals]] = text;
            else if (schema.Columns[at].Kind == ColumnKind.Integer && LabelWords.Whole(text) is { } number) values[folder[..equals]] = number;
        }
        return values;
    }

    /// <summary>The value of a folder named "key=value", or the name itself.</summary>
    public static string Plain(string folder) => folder.IndexOf('=', StringComparison.Ordinal) is var at and > 0 ? Uri.UnescapeDataString(folder[(at + 1)..]) : folder;
}
