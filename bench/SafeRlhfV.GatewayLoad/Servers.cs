using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using SafeRlhfV.Gateway;
using SafeRlhfV.Inference;
using Yarp.ReverseProxy.Configuration;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// What is measured: an upstream that answers at once, a proxy that passes everything through, and the gateway with a keyword guard or a checkpoint of a guard
/// and an audit trail on disk.
/// </summary>
internal static class Servers
{
    public const string Key = "bench-key", AuditKey = "a key that seals the bench's trail";
    private const string Keywords = "kind: patterns, category: dangerous_behavior, severity: severe, keywords: [ forbidden phrase, another one ]";

    public static Task<int> StubAsync()
    {
        WebApplication app = Create();
        Stub.Map(app);
        return ServeAsync(app);
    }

    public static Task<int> ProxyAsync(string upstream)
    {
        WebApplication app = Create(builder => builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "stub", Match = new RouteMatch { Path = "{**all}" } }],
            [new ClusterConfig { ClusterId = "stub", Destinations = new Dictionary<string, DestinationConfig> { ["stub"] = new() { Address = upstream } } }]));
        app.MapReverseProxy();
        return ServeAsync(app);
    }

    /// <summary>A gateway that stands alone.</summary>
    /// <param name="upstream">The stub.</param>
    /// <param name="isAudited">Whether it records what it decides, in a file on disk.</param>
    /// <param name="guard">A guard's checkpoint; null for the keyword guard.</param>
    public static async Task<int> GatewayAsync(string upstream, bool isAudited, string? guard)
    {
        LocalModeratorKind.Register();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("gateway-load-");
        try
        {
            string moderator = guard is null
                ? Keywords
                : $"kind: local, checkpoint: '{guard.Replace("'", "''", StringComparison.Ordinal)}'";
            string yaml = Yaml(upstream, moderator, isAudited ? "sqlite:audit.db" : null);
            return await ServeAsync(GatewayHost.Build(GatewaySettingsReader.Parse(yaml, "bench", folder.FullName)));
        }
        finally
        {
            folder.Delete(true);
        }
    }

    /// <summary>A gateway of several on a PostgreSQL; without a name it stands alone and writes the main chain.</summary>
    public static Task<int> ReplicaAsync(string upstream, string name, string connection)
    {
        Environment.SetEnvironmentVariable("BENCH_AUDIT_KEY", AuditKey);
        string yaml = Yaml(upstream, Keywords, $"postgres:{connection}", ", key_env: BENCH_AUDIT_KEY")
            + (name.Length == 0 ? "" : $"\nreplicas: {"{"} name: {name}, anchor: 1s {"}"}");
        return ServeAsync(GatewayHost.Build(GatewaySettingsReader.Parse(yaml, "bench", Directory.GetCurrentDirectory())));
    }

    public static Task<int> BalancerAsync(string[] gateways) => ServeAsync(Balancer.Create(gateways, TimeSpan.FromMilliseconds(250), retries: true));

    // a batch of 32 as there are 32 callers; no memory of verdicts, so that every request is judged
    private static string Yaml(string upstream, string moderator, string? trail, string audit = "") => $"""
        listen: http://127.0.0.1:0
        moderators: [ {"{"} {moderator} {"}"} ]
        moderation_batch: 32
        moderation_cache: 0
        upstreams: [ {"{"} name: stub, endpoint: "{upstream}/v1" {"}"} ]
        models: [ {"{"} name: stub, upstreams: [ stub ] {"}"} ]
        keys: [ {"{"} name: bench, hash: {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))} {"}"} ]
        limits: {"{"} concurrency: 5000 {"}"}
        {(trail is null ? "" : $"audit: {{ trail: \"{trail}\"{audit} }}")}
        """;

    private static WebApplication Create(Action<WebApplicationBuilder>? more = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        more?.Invoke(builder);
        return builder.Build();
    }

    // ends when whoever started it closes its standard input, killed or not
    private static async Task<int> ServeAsync(WebApplication app)
    {
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadLineAsync();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(5));
        await app.StopAsync(limit.Token);
        await app.DisposeAsync();
        return 0;
    }
}
