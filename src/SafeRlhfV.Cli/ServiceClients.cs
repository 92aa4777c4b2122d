using SafeRlhfV.Guard;

namespace SafeRlhfV.Cli;

/// <summary>Clients of OpenAI-compatible services for all verbs: one back-off for all, and one line that says which service failed and why.</summary>
internal static class ServiceClients
{
    // shorter waits are nobody's concern
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(5);

    /// <summary>The handler of a client; a service that cannot be used ends the verb.</summary>
    public static RetryHandler Handler() =>
        new(new ServiceRetry { UnreachableRetries = 2 },
            new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }, stops: true)
        {
            OnWait = (what, wait) =>
            {
                if (wait >= Told) Output.Note($"{what}; the next try is in {wait.TotalSeconds:0} s");
            },
        };

    /// <summary>An HTTP client with that handler, which keeps the time itself.</summary>
    public static HttpClient Http(RetryHandler handler) => new(handler) { Timeout = Timeout.InfiniteTimeSpan };
}
