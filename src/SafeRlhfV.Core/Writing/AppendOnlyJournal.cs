using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Core;

/// <summary>
/// A file of JSON lines that only grows. A line is on the disk before <see cref="Append"/> returns, so a kill loses nothing that was appended;
/// a line that a kill cut short is removed when the file is opened again. One process at a time writes it.
/// </summary>
public sealed class AppendOnlyJournal : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private readonly Lock gate = new();
    private readonly FileStream held, file;

    private AppendOnlyJournal(string path, FileStream held, FileStream file) => (Path, this.held, this.file) = (path, held, file);

    /// <summary>Where the journal lies.</summary>
    public string Path { get; }

    /// <summary>Opens or begins a journal.</summary>
    /// <typeparam name="T">What its lines hold.</typeparam>
    /// <param name="path">The file; its folder is made. A file "PATH.lock" beside it keeps other processes out.</param>
    /// <param name="read">Gets every line that is there, in order.</param>
    /// <exception cref="InvalidInputException">Another process writes it, a line within is damaged, or the disk refuses.</exception>
    public static AppendOnlyJournal Open<T>(string path, Action<T> read)
    {
        FileStream? held = null, file = null;
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
            held = Hold(path);
            long whole = File.Exists(path) ? Replay(path, read) : 0;
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            file.SetLength(whole);
            file.Seek(0, SeekOrigin.End);
            return new AppendOnlyJournal(path, held, file);
        }
        catch (Exception error)
        {
            file?.Dispose();
            held?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
                throw new InvalidInputException($"{path}: cannot be opened ({error.Message.TrimEnd('.')}); check the folder and its permissions.", error);
            throw;
        }
    }

    /// <summary>Reads the lines of a journal that may be in use by another process; a last line without its end is left out.</summary>
    /// <exception cref="InvalidInputException">There is no such file, or a line within is damaged.</exception>
    public static IReadOnlyList<T> Read<T>(string path)
    {
        List<T> lines = [];
        DiskErrors.Reading(path, () => Replay<T>(path, lines.Add), "give the path of a journal");
        return lines;
    }

    /// <summary>Appends one line and has the disk write it.</summary>
    /// <exception cref="InvalidInputException">The disk refuses; the journal is as it was before.</exception>
    public void Append<T>(T line)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, Json), (byte)'\n'];
        lock (gate)
        {
            long before = file.Position;
            try
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }
            catch (IOException error)
            {
                file.SetLength(before);
                file.Seek(0, SeekOrigin.End);
                throw new InvalidInputException($"{Path}: cannot be written ({error.Message.TrimEnd('.')}); free some space, then run the command again: what "
                    + "stands in the journal is kept.", error);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        file.Dispose();
        held.Dispose();
    }

    private static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (File.Exists(path + ".lock"))
        {
            throw new InvalidInputException($"{path}: another run is writing this journal; wait for it to end, or work in another folder.", error);
        }
    }

    /// <summary>The length of what is whole. Only what follows the last whole line may be broken: that is what a kill or a power cut leaves.</summary>
    private static long Replay<T>(string path, Action<T> read)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        long whole = 0, number = 0;
        (long Number, Exception Error)? broken = null;
        foreach ((byte[] line, long end) in Lines(stream))
        {
            number++;
            if (broken is { } damage)
                throw new InvalidInputException($"{path}, line {damage.Number}: the line is damaged ({ErrorText.FirstLine(damage.Error).TrimEnd('.')}) and "
                    + "others follow it; mend it or remove it by hand.", damage.Error);
            try
            {
                read(JsonSerializer.Deserialize<T>(line, Json) ?? throw new JsonException("null"));
                whole = end;
            }
            catch (JsonException error)
            {
                if (IsJson(line))
                    throw new InvalidInputException($"{path}, line {number}: not a line of this journal ({ErrorText.FirstLine(error).TrimEnd('.')}); give the "
                        + "right folder, or mend the line by hand.", error);
                broken = (number, error);
            }
        }
        if (whole == 0) MustBegin<T>(path, stream);
        return whole;
    }

    /// <summary>Refuses a file of something else, of which no line is whole: what follows the last whole line is cut off.</summary>
    private static void MustBegin<T>(string path, FileStream stream)
    {
        Json.MakeReadOnly(populateMissingResolver: true);
        byte[] expected = Encoding.UTF8.GetBytes($"{{\"{Json.GetTypeInfo(typeof(T)).Properties[0].Name}\":");
        byte[] found = new byte[expected.Length];
        stream.Position = 0;
        int read = stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false);
        if (!found.AsSpan(0, read).SequenceEqual(expected.AsSpan(0, read)))
            throw new InvalidInputException($"{path}: is not a journal of this kind; give another file.");
    }

    private static bool IsJson(byte[] line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static IEnumerable<(byte[] Line, long End)> Lines(FileStream stream)
    {
        using MemoryStream line = new();
        byte[] buffer = new byte[1 << 16];
        long at = 0;
        for (int count; (count = stream.Read(buffer)) > 0; at += count)
        {
            int from = 0;
            for (int newline; (newline = Array.IndexOf(buffer, (byte)'\n', from, count - from)) >= 0; from = newline + 1)
            {
                line.Write(buffer, from, newline - from);
                yield return (line.ToArray(), at + newline + 1);
                line.SetLength(0);
            }
            line.Write(buffer, from, count - from);
        }
    }
}
