using System.Text;

namespace SafeRlhfV.Data;

/// <summary>Cuts a JSON file into records without parsing them: the lines of a file, or the elements of its one array. Only '\n' ends a line.</summary>
internal sealed class JsonPieces : IDisposable
{
    private const int LongestRecord = 1 << 30;

    private readonly string file;
    private readonly Stream stream;
    private byte[] buffer = new byte[1 << 16];
    private int start, end, scanned;
    private bool ended, begun;

    /// <summary>Opens a file, which may be compressed.</summary>
    /// <exception cref="InvalidInputException">It cannot be opened.</exception>
    public JsonPieces(string file) => (this.file, stream) = (file, CompressedFile.Open(file));

    /// <summary>The piece found last; valid until the next.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>Whether the file is one array: it begins with a bracket, and only blanks follow where the array ends. Call it first, and nothing else after.</summary>
    public bool IsOneArray()
    {
        SkipMark();
        if (SkipBlank() != '[') return false;
        int depth = 0;
        bool inText = false, escaped = false;
        while (Next() is >= 0 and var letter)
        {
            start = scanned; // nothing of this is kept
            if (inText)
            {
                if (escaped) escaped = false;
                else if (letter == '\\') escaped = true;
                else if (letter == '"') inText = false;
                continue;
            }
            if (letter == '"') inText = true;
            else if (letter == '\n') return true; // an array over several lines
            else if (letter is '[' or '{') depth++;
            else if (letter is (']' or '}') && --depth == 0) return SkipBlank() < 0;
        }
        return true;
    }

    /// <summary>Goes to the next line that is not blank.</summary>
    public bool NextLine()
    {
        SkipMark();
        while (true)
        {
            int length = buffer.AsSpan(scanned, end - scanned).IndexOf((byte)'\n');
            if (length < 0 && !ended)
            {
                scanned = end;
                Fill();
                continue;
            }
            if (length < 0 && start == end) return false;
            int stop = length < 0 ? end : scanned + length;
            Current = buffer.AsMemory(start, stop - start);
            start = scanned = length < 0 ? end : stop + 1;
            if (Current.Span.ContainsAnyExcept(" \t\r"u8)) return true;
        }
    }

    /// <summary>Goes to the next element of the array.</summary>
    public bool NextElement()
    {
        SkipMark();
        if (!begun)
        {
            SkipBlank();
            Next();
            begun = true;
        }
        int first;
        do
        {
            start = scanned;
            first = SkipBlank();
            if (first == ',') Next();
        }
        while (first == ',');
        if (first is < 0 or ']') return false;
        start = scanned;
        int depth = 0;
        bool inText = false, escaped = false;
        while (Look() is >= 0 and var letter)
        {
            if (!inText && depth == 0 && letter is (',' or ']')) break;
            Next();
            if (inText)
            {
                if (escaped) escaped = false;
                else if (letter == '\\') escaped = true;
                else if (letter == '"') inText = false;
            }
            else if (letter == '"') inText = true;
            else if (letter is '[' or '{') depth++;
            else if (letter is ']' or '}') depth--;
        }
        Current = buffer.AsMemory(start, scanned - start);
        start = scanned;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    private void SkipMark()
    {
        if (begun || scanned > 0) return;
        while (end < 3 && !ended) Fill();
        if (buffer.AsSpan(0, end).StartsWith(Encoding.UTF8.Preamble)) start = scanned = 3;
    }

    /// <summary>The next byte that is no blank, which stays; -1 at the end.</summary>
    private int SkipBlank()
    {
        while (Look() is ' ' or '\t' or '\r' or '\n') start = ++scanned;
        return Look();
    }

    private int Look()
    {
        while (scanned == end && !ended) Fill();
        return scanned < end ? buffer[scanned] : -1;
    }

    private int Next()
    {
        int letter = Look();
        if (letter >= 0) scanned++;
        return letter;
    }

    private void Fill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (scanned, end, start) = (scanned - start, end - start, 0);
        }
        if (end == buffer.Length)
        {
            if (buffer.Length >= LongestRecord) throw new InvalidInputException($"{file}: holds a record of more than {LongestRecord >> 20} MiB; is it JSON?");
            Array.Resize(ref buffer, buffer.Length * 2);
        }
        try
        {
            int read = stream.Read(buffer, end, buffer.Length - end);
            ended = read == 0;
            end += read;
        }
        catch (Exception error) when (CompressedFile.IsDamage(error))
        {
            throw new InvalidInputException(new Finding(Fault.Unreadable, FindingSeverity.Error, file, null, [], $"the file is cut off or damaged ({ParquetFile.FirstLine(error)}); fetch it again."), error);
        }
    }
}
