using System.Text;

namespace SafeRlhfV.Data;

/// <summary>
/// The records of a CSV file (RFC 4180), or one with tabs: the first line names the columns, quoted fields may hold separators, quotes and line ends. An empty
/// field is null.
/// </summary>
internal static class CsvFile
{
    /// <summary>The records in order.</summary>
    /// <param name="file">The file.</param>
    /// <param name="separator">What stands between fields.</param>
    /// <exception cref="InvalidInputException">The file cannot be read or a quote is not closed.</exception>
    public static IEnumerable<SourceRow> Read(string file, char separator = ',')
    {
        using StreamReader reader = new(CompressedFile.Open(file), new UTF8Encoding(false, throwOnInvalidBytes: true));
        string?[]? names = Record(file, reader, separator);
        if (names is null) yield break;
        for (long row = 0; Record(file, reader, separator) is { } cells;)
        {
            if (cells.Length == 1 && cells[0] is null) continue; // a blank line
            if (cells.Length != names.Length)
                throw new InvalidInputException(
                    $"{file}, row {row}: {cells.Length} fields where the first line names {names.Length}; is the separator a "
                        + $"{(separator == ',' ? "comma" : "tab")}, and are fields with it quoted?");
            SourceMap map = new();
            for (int i = 0; i < names.Length; i++) map[names[i] ?? ""] = cells[i];
            yield return new SourceRow(row++, map);
        }
    }

    private static string?[]? Record(string file, StreamReader reader, char separator)
    {
        List<string?> cells = [];
        StringBuilder cell = new();
        bool quoted = false, wasQuoted = false;
        try
        {
            int letter = reader.Read();
            if (letter < 0) return null;
            for (; ; letter = reader.Read())
            {
                if (quoted)
                {
                    if (letter < 0) throw new InvalidInputException($"{file}: the quote of the field {Finding.Quote(cell.ToString())} is not closed; mend it.");
                    if (letter != '"') cell.Append((char)letter);
                    else if (reader.Peek() == '"') cell.Append((char)reader.Read());
                    else quoted = false;
                    continue;
                }
                if (letter == '"' && cell.Length == 0 && !wasQuoted) quoted = wasQuoted = true;
                else if (letter == separator) Add();
                else if (letter is < 0 or '\n' || letter == '\r' && reader.Peek() is '\n' or -1)
                {
                    if (letter == '\r' && reader.Peek() == '\n') reader.Read();
                    Add();
                    return [.. cells];
                }
                else cell.Append((char)letter);
            }
        }
        catch (Exception error) when (error is DecoderFallbackException || CompressedFile.IsDamage(error))
        {
            throw CompressedFile.Damaged(file, error);
        }

        void Add()
        {
            cells.Add(cell.Length == 0 ? null : cell.ToString());
            cell.Clear();
            wasQuoted = false;
        }
    }
}
