namespace SafeRlhfV.Annotation;

/// <summary>The services of a run: their connections, and how hard each may be asked.</summary>
internal sealed class EndpointPool : IDisposable
{
    private readonly Dictionary<EndpointSettings, (EndpointGate Gate, HttpClient Http)> endpoints = [];

    public EndpointPool(IEnumerable<EndpointSettings> settings, TimeProvider? clock = null)
    {
        foreach (EndpointSettings endpoint in settings)
        {
            SocketsHttpHandler handler = new() { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
            endpoints[endpoint] = (new EndpointGate(endpoint, clock ?? TimeProvider.System), new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan });
        }
    }

    /// <summary>The services, each once.</summary>
    public IEnumerable<EndpointSettings> Settings => endpoints.Keys;

    /// <summary>Pieces of work to have under way, so that every place of every service is taken.</summary>
    public int Parallel => endpoints.Keys.Sum(endpoint => endpoint.Concurrency) + 2;

    public (EndpointGate Gate, HttpClient Http) this[EndpointSettings endpoint] => endpoints[endpoint];

    public void Dispose()
    {
        foreach ((EndpointGate gate, HttpClient http) in endpoints.Values)
        {
            gate.Dispose();
            http.Dispose();
        }
    }
}
