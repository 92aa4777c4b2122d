using System.Net.Http.Headers;
using System.Net.ServerSentEvents;

namespace SafeRlhfV.Training;

/// <summary>One server: sends it calls, one attempt each, and says what went wrong. Safe to share between threads.</summary>
internal sealed class ServerEndpoint : IDisposable
{
    private const int MostWords = 400, MostFailures = 6;
    // servers close idle connections after some seconds, and a call on one that is just being closed fails
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(10), Idle = TimeSpan.FromSeconds(2);

    private readonly HttpClient http;
    private readonly string? key;
    private readonly TimeSpan timeout;
    private int inFlight, rest, failures;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="address">The server's root; a path such as /v1 at its end is left out.</param>
    /// <param name="key">The API key; null without.</param>
    /// <param name="timeout">How long an answer may take; of a stream, how long it may be silent.</param>
    public ServerEndpoint(string address, string? key, TimeSpan timeout)
    {
        string root = address.TrimEnd('/');
        Address = root.EndsWith("/v1", StringComparison.Ordinal) ? root[..^3] : root;
        (this.key, this.timeout) = (key, timeout);
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            PooledConnectionIdleTimeout = Idle
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The API key that an environment variable holds; null where none is named.</summary>
    public static string? KeyOf(string variable) => variable.Length == 0 ? null : Environment.GetEnvironmentVariable(variable);

    /// <summary>The server's root.</summary>
    public string Address { get; }

    /// <summary>Why it is left out of this round; null while it is asked.</summary>
    public string? Down { get; private set; }

    /// <summary>Leaves it out, each time in a row for more rounds: a server that hangs costs a whole timeout whenever it is asked.</summary>
    public void LeaveOut(string why) => (Down, rest) = (why, (1 << Math.Min(failures++, MostFailures)) - 1);

    /// <summary>A new round: it is asked again where it has rested long enough.</summary>
    public void Revive(bool atOnce)
    {
        if (Down is null) failures = 0;
        else if (atOnce || rest-- <= 0) Down = null;
    }

    /// <summary>Calls under way.</summary>
    public int InFlight => Volatile.Read(ref inFlight);

    /// <summary>Whether it says that it is well. A server that sleeps says so, too.</summary>
    public async Task<bool> IsWellAsync(CancellationToken cancellationToken) =>
        (await TryAsync(ServerProtocol.Health, reply => true, HealthTimeout, cancellationToken).ConfigureAwait(false)).Fault is null;

    /// <summary>Sends a call once.</summary>
    /// <param name="call">The call.</param>
    /// <param name="read">Reads the reply; any exception but <see cref="ServiceException"/> means that it is not of the protocol.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>What was read, or what went wrong.</returns>
    /// <exception cref="ServiceException">As <paramref name="read"/> throws it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<(T? Result, ServiceFault? Fault)> TryAsync<T>(ServerCall call, Func<ServerReply, T> read, CancellationToken cancellationToken) =>
        TryAsync(call, read, timeout, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<(T? Result, ServiceFault? Fault)> TryAsync<T>(ServerCall call, Func<ServerReply, T> read, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource silence = new(limit), either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        Interlocked.Increment(ref inFlight);
        try
        {
            using HttpRequestMessage request = new(call.Body is null ? HttpMethod.Get : HttpMethod.Post, Address + call.Path);
            if (call.Body is { } body)
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            // errors before a stream begins are plain JSON
            if (!response.IsSuccessStatusCode || !call.Streams)
            {
                byte[] whole = await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false);
                return response.IsSuccessStatusCode ? (read(new ServerReply(whole)), null) : (default, FaultOf(response, whole));
            }
            List<string> events = await ReadEventsAsync(response, silence, limit, either.Token).ConfigureAwait(false);
            return events is [.., ServerReply.Done] ? (read(new ServerReply([], events[..^1])), null)
                : (default, new ServiceFault("cut_off", "the stream broke off before its end", 200, MayRetry: true));
        }
        catch (Exception error) when (error is not ServiceException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // what a cancelled call fails with is no fault of the server
            return (default, silence.IsCancellationRequested
                ? new ServiceFault("timeout", $"no answer within {limit.TotalSeconds:0.###} s", null, MayRetry: true)
                : ServiceFault.OfException(error));
        }
        finally
        {
            Interlocked.Decrement(ref inFlight);
        }
    }

    private static async Task<List<string>> ReadEventsAsync(HttpResponseMessage response, CancellationTokenSource silence, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        List<string> events = [];
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync(cancellationToken).ConfigureAwait(false))
        {
            silence.CancelAfter(limit);
            events.Add(item.Data);
        }
        return events;
    }

    private ServiceFault FaultOf(HttpResponseMessage response, byte[] body)
    {
        string what = $"{(int)response.StatusCode} {response.ReasonPhrase}", said = ServiceFault.OneLine(ServerReply.Said(body));
        if (key is not null) said = said.Replace(key, "***", StringComparison.Ordinal);
        if (said.Length > MostWords) said = said[..MostWords] + "...";
        TimeSpan? wait = ServiceFault.WaitOf(name => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First()
            : null, DateTimeOffset.UtcNow);
        return ServiceFault.OfStatus((int)response.StatusCode, said.Length == 0 ? what : $"{what}: {said}", wait);
    }
}
