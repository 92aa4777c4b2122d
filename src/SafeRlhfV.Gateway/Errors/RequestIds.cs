using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Gives each request a name: the caller's own <c>x-request-id</c> where it is sound, a new one otherwise. It is returned, and stands in every line of the log
/// and in every error. Where traces are exported, a span is the parent of all that happens for the request; a caller's <c>traceparent</c> is its parent.
/// </summary>
internal sealed class RequestIds(RequestDelegate next, ILogger<RequestIds> log)
{
    public const string Header = "x-request-id";

    private const int Longest = 128;
    private static readonly ActivitySource Source = new(GatewayMetrics.MeterName);

    public async Task InvokeAsync(HttpContext http)
    {
        string given = http.Request.Headers[Header].ToString();
        string id = http.TraceIdentifier = IsSound(given) ? given : RequestNames.Create();
        Return(http);
        using IDisposable? scope = log.BeginScope(new Scope(id));
        using Activity? span = Source.HasListeners() ? Start(http, id) : null;
        await next(http);
        span?.SetTag("http.response.status_code", http.Response.StatusCode);
        if (http.Response.StatusCode >= 500) span?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>Puts the id into the answer's headers, under the name of the wire too.</summary>
    public static void Return(HttpContext http)
    {
        http.Response.Headers[Header] = http.TraceIdentifier;
        if (MessagesErrors.IsFor(http.Request.Path)) http.Response.Headers[MessagesErrors.RequestIdHeader] = http.TraceIdentifier;
    }

    private static Activity? Start(HttpContext http, string id)
    {
        ActivityContext.TryParse(http.Request.Headers.TraceParent, http.Request.Headers.TraceState, isRemote: true, out ActivityContext parent);
        Activity? span = Source.StartActivity($"{http.Request.Method} {http.Request.Path}", ActivityKind.Server, parent);
        return span?.SetTag("http.request.method", http.Request.Method).SetTag("url.path", http.Request.Path.Value).SetTag("http.request.id", id);
    }

    // what stands in a header and in the log must not be able to break either
    private static bool IsSound(string id)
    {
        if (id.Length is 0 or > Longest) return false;
        foreach (char letter in id)
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.' or ':' or '/' or '+' or '=')) return false;
        return true;
    }

    private sealed class Scope(string id) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        public int Count => 1;

        public KeyValuePair<string, object?> this[int index] => new("RequestId", id);

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
        {
            yield return this[0];
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => $"request {id}";
    }
}
