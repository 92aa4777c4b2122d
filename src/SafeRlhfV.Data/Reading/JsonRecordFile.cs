using System.Text;

namespace SafeRlhfV.Data;

/// <summary>
/// Cuts a JSON file, which may be compressed, into its records without parsing them: an object a line, or the elements of one array, whatever the file is
/// called. Only '\n' ends a line: texts may hold other line separators.
/// </summary>
internal sealed class JsonRecordFile
{
    private const int LongestRecord = 512 << 20, FirstBuffer = 1 << 20;

    // what stands in the place of an array's missing end: no JSON, so that every reader reports it
    private static readonly byte[] NoEnd = "(the file is cut: the array does not end)"u8.ToArray();

    private readonly string file;

    /// <summary>Looks at the file's beginning: whether it is one array.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    public JsonRecordFile(string file)
    {
        this.file = file;
        using Stream stream = CompressedFile.Open(file);
        IsArray = IsOneArray(stream);
    }

    /// <summary>Whether the file is one array: it begins with a bracket, and only blanks follow where the array ends.</summary>
    public bool IsArray { get; }

    /// <summary>A record's place in words.</summary>
    public string Place(long number) => IsArray ? $"element {number}" : $"line {number}";

    /// <summary>
    /// The records that are not blank, each with its row (from 0), its number (from 1: the line's, or the element's) and the place behind it to read on from.
    /// Where an array was cut behind a whole element, a last record that is no JSON says so.
    /// </summary>
    /// <exception cref="InvalidInputException">The file cannot be read, or a record is longer than half a gibibyte.</exception>
    public IEnumerable<(byte[] Record, long Row, long Number, long Offset)> Records(JsonlPlace from)
    {
        using Stream stream = CompressedFile.Open(file);
        if (from.Offset > 0) stream.Seek(from.Offset, SeekOrigin.Begin);
        byte[] buffer = new byte[FirstBuffer];
        int start = 0, end = 0;
        long row = from.Row, number = from.Number, offset = from.Offset;
        bool ended = false, isCut = false;
        ArrayScan scan = new() { IsInside = from.Offset > 0 };
        while (!ended || start < end)
        {
            int length = IsArray ? scan.EndOfElement(buffer.AsSpan(start, end - start)) : buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length < 0 && !ended)
            {
                if (start > 0) buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
                if (end == buffer.Length)
                {
                    if (buffer.Length >= LongestRecord) throw Bad(row, $"{Place(number + 1)} is longer than {LongestRecord >> 20} MiB.");
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
                int read = Fill(stream, buffer, end);
                ended = read == 0;
                end += read;
                continue;
            }
            int size = length < 0 ? end - start : length;
            ReadOnlyMemory<byte> record = buffer.AsMemory(start, size);
            int step = length < 0 ? size : size + 1;
            start += step;
            offset += step;
            if (!IsArray && ++number == 1 && record.Span.StartsWith(Encoding.UTF8.Preamble)) record = record[3..];
            if (IsArray)
            {
                isCut = length < 0 && scan.IsWithin;
                record = record[scan.Restart()..];
            }
            if (!record.Span.ContainsAnyExcept(" \t\r\n"u8)) continue;
            if (IsArray) number++;
            yield return (record.ToArray(), row++, number, offset - step);
            if (IsArray && scan.IsOver) yield break;
        }
        if (IsArray && !scan.IsOver && !isCut) yield return (NoEnd, row, number + 1, offset);
    }

    /// <summary>A fault of a record.</summary>
    public InvalidInputException Bad(long row, string what, Exception? inner = null) =>
        new(new Finding(Fault.BadJson, FindingSeverity.Error, file, row, [], what), inner);

    /// <summary>Reads until it is clear: an array over several lines is one, and so is a line of an array that nothing follows.</summary>
    private bool IsOneArray(Stream stream)
    {
        byte[] buffer = new byte[FirstBuffer >> 4];
        int depth = 0, count;
        bool begun = false, inText = false, escaped = false;
        for (bool first = true; (count = Fill(stream, buffer, 0)) > 0; first = false)
            foreach (byte letter in buffer.AsSpan(0, count)[(first && buffer.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? 3 : 0)..])
            {
                bool isBlank = letter is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
                if (escaped) escaped = false;
                else if (inText) (escaped, inText) = (letter == '\\', letter != '"');
                else if (!begun)
                {
                    if (isBlank) continue;
                    if (letter != '[') return false;
                    (begun, depth) = (true, 1);
                }
                else if (depth == 0 && !isBlank) return false; // a line that is an array, and more lines
                else if (depth > 0 && letter == '\n') return true;
                else if (letter == '"') inText = true;
                else if (letter is (byte)'[' or (byte)'{') depth++;
                else if (letter is (byte)']' or (byte)'}') depth--;
            }
        return begun;
    }

    private int Fill(Stream stream, byte[] buffer, int from)
    {
        try
        {
            return stream.Read(buffer, from, buffer.Length - from);
        }
        catch (Exception error) when (CompressedFile.IsDamage(error))
        {
            throw CompressedFile.Damaged(file, error);
        }
    }

    /// <summary>Finds where an array's element ends, over as many pieces of the file as it takes.</summary>
    private struct ArrayScan
    {
        private int scanned, begin, depth;
        private bool inText, escaped;

        /// <summary>Whether the array's bracket is passed.</summary>
        public bool IsInside { get; set; }

        /// <summary>Whether the array's end is passed.</summary>
        public bool IsOver { get; private set; }

        /// <summary>Whether what was read ends within a text, an object or a list of the element.</summary>
        public readonly bool IsWithin => depth > 0 || inText;

        /// <summary>The index of the comma or bracket behind the element; -1 where more must be read.</summary>
        public int EndOfElement(ReadOnlySpan<byte> text)
        {
            for (; scanned < text.Length; scanned++)
            {
                byte letter = text[scanned];
                if (escaped) escaped = false;
                else if (inText)
                {
                    if (letter == '\\') escaped = true;
                    else if (letter == '"') inText = false;
                }
                else if (!IsInside)
                {
                    if (letter != '[') continue;
                    (IsInside, begin) = (true, scanned + 1);
                }
                else if (letter == '"') inText = true;
                else if (letter is (byte)'{' or (byte)'[') depth++;
                else if (depth > 0 && letter is (byte)'}' or (byte)']' && depth > 0) depth--;
                else if (letter == ',' && depth == 0) return scanned;
                else if (letter == ']')
                {
                    IsOver = true;
                    return scanned;
                }
            }
            return -1;
        }

        /// <summary>Goes on behind the element; returns where in it its text begins.</summary>
        public int Restart()
        {
            int first = begin;
            (scanned, begin, depth, inText, escaped) = (0, 0, 0, false, false);
            return first;
        }
    }
}
