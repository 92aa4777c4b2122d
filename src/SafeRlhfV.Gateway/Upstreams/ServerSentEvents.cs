using System.Buffers;
using System.Runtime.CompilerServices;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Reads server-sent events as the standard has them: lines end with LF, CR LF or CR, a byte order mark may stand before the first, several lines of data
/// are one event. With a limit on an event's length and on silence.
/// </summary>
internal sealed class ServerSentEvents
{
    private const int LongestEvent = 8 * 1024 * 1024;
    private readonly ArrayBufferWriter<byte> line = new(1024), data = new(1024);
    private bool hasData, isError, isFirstLine = true, isAfterReturn;

    /// <summary>The data of each event that has some, as UTF-8; it stands only until the next is asked for.</summary>
    /// <exception cref="UpstreamException">An event of the kind "error", an event without end, silence, or a connection that broke.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Stream stream, TimeSpan idle,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        ServerSentEvents events = new();
        while (true)
        {
            int read = await ReadOneAsync(stream, buffer, idle, cancellationToken);
            if (read == 0) break;
            for (int from = 0; from < read;)
            {
                from += events.Take(buffer.AsSpan(from, read - from), out bool isEvent);
                if (!isEvent) continue;
                yield return events.data.WrittenMemory;
                events.Clear();
            }
        }

        // Some services end with their last event's data instead of the empty line.
        if (events.EndLine() || events.EndEvent()) yield return events.data.WrittenMemory;
    }

    // Takes bytes up to a line's end; gives how many, and whether an event is complete.
    private int Take(ReadOnlySpan<byte> bytes, out bool isEvent)
    {
        isEvent = false;
        if (isAfterReturn)
        {
            isAfterReturn = false;
            if (bytes[0] == '\n') return 1;
        }
        int end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
        line.Write(end < 0 ? bytes : bytes[..end]);
        if (line.WrittenCount + data.WrittenCount > LongestEvent) throw UpstreamException.Garbled("an event without end");
        if (end < 0) return bytes.Length;
        isAfterReturn = bytes[end] == '\r';
        isEvent = EndLine();
        return end + 1;
    }

    private bool EndLine()
    {
        ReadOnlySpan<byte> text = line.WrittenSpan;
        if (isFirstLine && text.StartsWith("\uFEFF"u8)) text = text[3..];
        isFirstLine = false;
        if (text.Length == 0) return EndEvent();
        int colon = text.IndexOf((byte)':');
        ReadOnlySpan<byte> name = colon < 0 ? text : text[..colon], value = colon < 0 ? [] : text[(colon + 1)..];
        if (value.StartsWith(" "u8)) value = value[1..];
        if (name.SequenceEqual("data"u8))
        {
            if (hasData) data.Write("\n"u8);
            data.Write(value);
            hasData = true;
        }
        else if (name.SequenceEqual("event"u8)) isError = value.SequenceEqual("error"u8);
        line.ResetWrittenCount();
        return false;
    }

    private bool EndEvent()
    {
        line.ResetWrittenCount();
        if (isError && hasData) throw UpstreamException.FailedWithin();
        if (data.WrittenCount > 0) return true;
        Clear();
        return false;
    }

    private void Clear()
    {
        data.ResetWrittenCount();
        (hasData, isError) = (false, false);
    }

    private static async Task<int> ReadOneAsync(Stream stream, byte[] buffer, TimeSpan idle, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(idle);
        try
        {
            return await stream.ReadAsync(buffer, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UpstreamException(504, "The model has stopped answering.", true, "upstream_timeout");
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new UpstreamException(502, "The model's answer was cut off.", true, "upstream_cut", error);
        }
    }
}
