using System.Runtime.CompilerServices;
using System.Text;

namespace SafeRlhfV.Gateway;

/// <summary>Reads the data of server-sent events, with a limit on a line's length and on silence.</summary>
internal static class ServerSentEvents
{
    private const int LongestEvent = 8 * 1024 * 1024;

    public static async IAsyncEnumerable<string> ReadAsync(Stream stream, TimeSpan idle, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        MemoryStream line = new();
        StringBuilder data = new();
        bool hasData = false;
        while (true)
        {
            int read = await ReadOneAsync(stream, buffer, idle, cancellationToken);
            if (read == 0) yield break;
            int from = 0;
            for (int newline; (newline = Array.IndexOf(buffer, (byte)'\n', from, read - from)) >= 0; from = newline + 1)
            {
                line.Write(buffer, from, newline - from);
                string text = Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r');
                line.SetLength(0);
                if (text.Length == 0)
                {
                    if (hasData) yield return data.ToString();
                    data.Clear();
                    hasData = false;
                }
                else if (text.StartsWith("data:", StringComparison.Ordinal))
                {
                    if (hasData) data.Append('\n');
                    data.Append(text.AsSpan(text.Length > 5 && text[5] == ' ' ? 6 : 5));
                    hasData = true;
                }
            }
            line.Write(buffer, from, read - from);
            if (line.Length + data.Length > LongestEvent) throw UpstreamException.Garbled("an event without end");
        }
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
