namespace SafeRlhfV.Data;

/// <summary>
/// The records of a JSON file: one array of objects, or an object a line, whatever the file is called. One record at a time is held in memory.
/// </summary>
internal static class JsonFile
{
    /// <summary>The records in order; one that is no JSON or no object has a fault instead of a value.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read, or its compression is damaged.</exception>
    public static IEnumerable<SourceRow> Read(string file)
    {
        JsonRecordFile records = new(file);
        bool beginsWithNull = false;
        foreach ((byte[] record, long row, _, _) in records.Records(default))
        {
            bool isJson = LenientJson.TryParse(record, out object? value);
            if (row == 0 && isJson && value is null && !records.IsArray)
            {
                beginsWithNull = true; // a document of the word null holds no row, but among lines it is one
                continue;
            }
            if (beginsWithNull) yield return new SourceRow(0, null, DropReason.NotObject);
            beginsWithNull = false;
            yield return value is SourceMap map ? new SourceRow(row, map) : new SourceRow(row, null, isJson ? DropReason.NotObject : DropReason.BadJson);
        }
    }
}
