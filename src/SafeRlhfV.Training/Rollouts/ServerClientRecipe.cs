using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>How inference servers are asked: what the sections rollouts and scoring have in common.</summary>
public abstract record ServerClientRecipe
{
    /// <summary>The environment variable that holds the servers' API key; empty = no key.</summary>
    [Place]
    public string KeyVariable { get; init; } = "";

    /// <summary>Requests that one server gets at a time.</summary>
    [Place, Range(1, 1e6)]
    public int Concurrency { get; init; } = 16;

    /// <summary>Seconds until a server that does not answer (with rollouts.stream: that is silent) is given up for the round.</summary>
    [Place, Range(0, 1e6, MinimumIsExclusive = true)]
    public double TimeoutSeconds { get; init; } = 600;

    /// <summary>How often a request that failed is sent again, to another server where there is one.</summary>
    [Place, Range(0, 1000)]
    public int Retries { get; init; } = 4;

    /// <summary>The servers at some addresses; nothing is sent yet.</summary>
    /// <param name="section">The recipe's section that names them.</param>
    /// <param name="endpoints">Their addresses.</param>
    /// <param name="tell">Hears of servers that are left out.</param>
    internal ServerPool Open(string section, IEnumerable<string> endpoints, Action<string> tell) =>
        new([.. endpoints.Distinct().Select(address => new ServerEndpoint(address, ServerEndpoint.KeyOf(KeyVariable), TimeSpan.FromSeconds(TimeoutSeconds)))],
            new ServiceRetry { Retries = Retries }, Concurrency, tell, section);
}
