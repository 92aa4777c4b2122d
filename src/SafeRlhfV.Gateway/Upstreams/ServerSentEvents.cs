using System.Buffers;
using System.Runtime.CompilerServices;

namespace SafeRlhfV.Gateway;

/// <summary>Reads the data of server-sent events, with a limit on a line's length and on silence.</summary>
internal static class ServerSentEvents
{
    private const int LongestEvent = 8 * 1024 * 1024;

    /// <summary>The data of each event, as UTF-8; it stands only until the next is asked for.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Stream stream, TimeSpan idle,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        ArrayBufferWriter<byte> line = new(1024), data = new(1024);
        bool hasData = false;
        while (true)
        {
            int read = await ReadOneAsync(stream, buffer, idle, cancellationToken);
            if (read == 0) yield break;
            int from = 0;
            for (int newline; (newline = Array.IndexOf(buffer, (byte)'\n', from, read - from)) >= 0; from = newline + 1)
            {
                line.Write(buffer.AsSpan(from, newline - from));
                bool isEnd = Take(line.WrittenSpan, data, ref hasData);
                line.ResetWrittenCount();
                if (!isEnd) continue;
                if (hasData) yield return data.WrittenMemory;
                data.ResetWrittenCount();
                hasData = false;
            }
            line.Write(buffer.AsSpan(from, read - from));
            if (line.WrittenCount + data.WrittenCount > LongestEvent) throw UpstreamException.Garbled("an event without end");
        }
    }

    // Gathers a line's data; true where the line is empty, which ends the event.
    private static bool Take(ReadOnlySpan<byte> line, ArrayBufferWriter<byte> data, ref bool hasData)
    {
        line = line.TrimEnd((byte)'\r');
        if (line.Length == 0) return true;
        if (!line.StartsWith("data:"u8)) return false;
        if (hasData) data.Write("\n"u8);
        data.Write(line[(line.Length > 5 && line[5] == ' ' ? 6 : 5)..]);
        hasData = true;
        return false;
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
            throw new UpstreamException(502, "The model's answer was cut off.", true, "upstream_cut", error);
        }
    }
}
