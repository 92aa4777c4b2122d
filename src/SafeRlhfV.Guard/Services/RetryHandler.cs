using System.Runtime.ExceptionServices;
using System.Text.Json;

namespace SafeRlhfV.Guard;

/// <summary>Sends requests to a service with the retries of <see cref="ServiceRetry"/>; every client of a service has one in its HttpClient.</summary>
/// <remarks>
/// A handler that stops turns what cannot be mended by trying again into a <see cref="ServiceException"/>, and refuses all further requests where the service
/// cannot be reached, denies everything or answers something else than JSON, so that work of many calls ends at once. A request that is refused for itself
/// (400) comes back as the response that it is.
/// </remarks>
public sealed class RetryHandler : DelegatingHandler
{
    private readonly ServiceRetry retry;
    private readonly bool stops;
    private readonly TimeProvider clock;

    /// <summary>Wraps a handler.</summary>
    /// <param name="retry">How often and after what waits.</param>
    /// <param name="inner">Sends the requests.</param>
    /// <param name="stops">Whether a service that fails for good ends all work; else its last response is passed on.</param>
    /// <param name="clock">The clock for waits and time limits.</param>
    public RetryHandler(ServiceRetry retry, HttpMessageHandler inner, bool stops, TimeProvider? clock = null)
        : base(inner) => (this.retry, this.stops, this.clock) = (retry, stops, clock ?? TimeProvider.System);

    /// <summary>The longest that one attempt may take until its response begins.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Told of waits before retries, in words.</summary>
    public Action<string, TimeSpan>? OnWait { get; init; }

    /// <summary>Why the service is not asked any more; null while it is.</summary>
    public ServiceException? Stopped { get; private set; }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Stopped is { } before) throw new ServiceException(before.Message, before);
        if (request.Content is not null) await request.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
        HttpResponseMessage? last = null;
        Exception? thrown = null;
        (HttpResponseMessage? response, ServiceFault? fault, int attempts) = await retry.RunAsync<HttpResponseMessage>(async _ =>
        {
            last?.Dispose();
            (last, thrown) = (null, null);
            using CancellationTokenSource limit = new(AttemptTimeout, clock), either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token,
                cancellationToken);
            try
            {
                last = await base.SendAsync(request, either.Token).ConfigureAwait(false);
                Task<ServiceFault?> fault = last.IsSuccessStatusCode ? BodyFaultAsync(request, last, either.Token) : FaultOfAsync(request, last, either.Token);
                return (last, await fault.ConfigureAwait(false));
            }
            catch (Exception error)
            {
                cancellationToken.ThrowIfCancellationRequested(); // whatever a cancelled call fails with
                thrown = error;
                return (null, limit.IsCancellationRequested
                    ? new("timeout", $"no answer within {AttemptTimeout.TotalSeconds:0.#} s", null, MayRetry: true)
                    : ServiceFault.OfException(error));
            }
        }, clock, (fault, wait) => OnWait?.Invoke($"{request.RequestUri?.Authority}: {fault.What}", wait), cancellationToken).ConfigureAwait(false);
        if (fault is null || response is not null && (!stops || fault.Kind == "refused")) return response!;
        if (!stops) ExceptionDispatchInfo.Throw(thrown!);
        response?.Dispose();
        ServiceException failed = new($"{request.RequestUri}: {Words(fault)}{(attempts > 1 ? $" ({attempts} attempts)" : "")}; {Mend(fault)}.", thrown);
        if (fault.IsFatal || fault.Kind == "unreachable") Stopped = failed;
        throw failed;
    }

    // a stream is read by whoever asked for it
    private async Task<ServiceFault?> BodyFaultAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!stops || response.Content.Headers.ContentType?.MediaType == "text/event-stream") return null;
        await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
        return ServiceBody.FaultOf(request.RequestUri!.AbsolutePath, await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
    }

    private async Task<ServiceFault?> FaultOfAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
        string what = $"{(int)response.StatusCode} {response.ReasonPhrase}",
            said = Said(await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
        // services repeat keys in their error texts
        if (request.Headers.Authorization?.Parameter is { Length: > 0 } key) said = said.Replace(key, "***", StringComparison.Ordinal);
        TimeSpan? wait = ServiceFault.WaitOf(name => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null,
            clock.GetUtcNow());
        return ServiceFault.OfStatus((int)response.StatusCode, said.Length == 0 ? what : $"{what}: {said}", wait);
    }

    // the message and code of an error in OpenAI's form; what else stands there is no use to a reader
    private static string Said(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("error", out JsonElement error)
                || error.ValueKind != JsonValueKind.Object) return "";
            string Part(string name) => error.TryGetProperty(name, out JsonElement part) && part.ValueKind == JsonValueKind.String ? part.GetString()! : "";
            string said = ServiceFault.OneLine(Part("message"));
            return $"{(said.Length > 200 ? said[..200] + "..." : said)}{(Part("code") is { Length: > 0 } code ? $" ({code})" : "")}";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static string Words(ServiceFault fault) => fault.Kind == "unreachable" ? $"cannot be reached: {fault.What}" : fault.What;

    private static string Mend(ServiceFault fault) => fault.Kind switch
    {
        "unreachable" => "start the service or mend its address",
        "denied" => "check the address, the key and the model's name",
        "spent" => "raise the limit of the account",
        "garbled" => "check that the address is that of an OpenAI-compatible service",
        _ => "try again later",
    };
}
