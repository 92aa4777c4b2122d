using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Everything that a gateway is told by its YAML file; see recipes/gateway.yaml for every key.</summary>
public sealed record GatewaySettings
{
    /// <summary>The address to listen on, such as http://127.0.0.1:8080.</summary>
    public string Listen { get; init; } = "http://127.0.0.1:8080";

    /// <summary>The file that the settings were read from, whose keys are followed; null for none.</summary>
    public string? File { get; init; }

    /// <summary>The proxies whose forwarded headers (X-Forwarded-For, X-Forwarded-Proto) are believed; none by default.</summary>
    public IReadOnlyList<System.Net.IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>The origins whose pages may call from a browser; none by default.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>The certificate where <see cref="Listen"/> is https; null for http.</summary>
    public TlsSettings? Tls { get; init; }

    /// <summary>The policy file; null for the default policy.</summary>
    public string? Policy { get; init; }

    /// <summary>A policy file that runs beside the one in force and is recorded alone; null for none.</summary>
    public string? ShadowPolicy { get; init; }

    /// <summary>Who judges, all in parallel or one after the other.</summary>
    public IReadOnlyList<ModeratorSettings> Moderators { get; init; } = [];

    /// <summary>Whether the moderators are a cascade (cheap first) instead of all being asked.</summary>
    public bool IsCascade { get; init; }

    /// <summary>The longest that judging one text may take.</summary>
    public TimeSpan ModerationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The most requests that are judged in one call, across chat requests; 1 turns gathering off.</summary>
    public int ModerationBatch { get; init; } = 1;

    /// <summary>How many verdicts are remembered; 0 turns the cache off.</summary>
    public int ModerationCache { get; init; }

    /// <summary>
    /// The most characters that are judged at once: longer texts are judged in windows that overlap by a tenth, and several images one by one. 0 judges each
    /// request whole.
    /// </summary>
    public int ModerationWindow { get; init; } = 12_000;

    /// <summary>The models that are served, by the name that callers use.</summary>
    public IReadOnlyList<ModelSettings> Models { get; init; } = [];

    /// <summary>Where the models run.</summary>
    public IReadOnlyList<UpstreamSettings> Upstreams { get; init; } = [];

    /// <summary>Who may call.</summary>
    public IReadOnlyList<KeySettings> Keys { get; init; } = [];

    /// <summary>How large requests may be.</summary>
    public LimitSettings Limits { get; init; } = new();

    /// <summary>How streams are held back.</summary>
    public StreamRelease Release { get; init; } = StreamRelease.Sentences();

    /// <summary>Whether the results of tools are checked with the prompt.</summary>
    public bool CheckToolResults { get; init; } = true;

    /// <summary>How injections are looked for; null where they are not.</summary>
    public InjectionSettings? Injection { get; init; }

    /// <summary>
    /// Fields of requests that are let through although docs/gateway-fields.md does not list them, or refuses them: their paths, such as
    /// <c>chat_template</c> or <c>messages[].weight</c>. Their names and strings are judged.
    /// </summary>
    public IReadOnlyList<string> AllowFields { get; init; } = [];

    /// <summary>
    /// The types of tools that a model's service runs itself, such as web_search, which may go on to it; what they bring never passes the gateway on its
    /// way in.
    /// </summary>
    public IReadOnlyList<string> HostedTools { get; init; } = [];

    /// <summary>What <c>/v1/responses</c> keeps.</summary>
    public ResponseSettings Responses { get; init; } = new();

    /// <summary>Where decisions are recorded; null records none.</summary>
    public string? AuditTrail { get; init; }

    /// <summary>The OpenTelemetry collector; null for none. <c>/metrics</c> is there in any case.</summary>
    public OtlpSettings? Otlp { get; init; }

    /// <summary>How this gateway shares a PostgreSQL with others; null for a gateway that stands alone.</summary>
    public ReplicaSettings? Replicas { get; init; }

    /// <summary>How the gateway ends.</summary>
    public ShutdownSettings Shutdown { get; init; } = new();

    /// <summary>What is recorded.</summary>
    public AuditSettings Audit { get; init; } = new();
}
