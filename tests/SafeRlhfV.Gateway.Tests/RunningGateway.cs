using System.ClientModel;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenAI;
using SafeRlhfV.Audit;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>A gateway on loopback before one or two stub upstreams, with a keyword guard ("forbidden" is severe) and an audit trail.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    public const string Key = "test-key", OperatorKey = "operator-key";
    private readonly WebApplication app;
    private readonly TemporaryFolder folder;

    private RunningGateway(WebApplication app, TemporaryFolder folder, StubUpstream upstream, StubUpstream second, string trail) =>
        (this.app, this.folder, Upstream, Second, Trail, Http) = (app, folder, upstream, second, trail, new() { BaseAddress = new(app.Urls.First()) });

    public StubUpstream Upstream { get; }

    public StubUpstream Second { get; }

    public required KeptLog Log { get; init; }

    /// <summary>What its file says.</summary>
    public required GatewaySettings Settings { get; init; }

    public HttpClient Http { get; }

    public string Trail { get; }

    /// <summary>The file of an SQLite trail.</summary>
    public string File => Trail["sqlite:".Length..];

    public static async Task<RunningGateway> StartAsync(
        string more = "", string upstream = "", string policy = "rounds: 2", string keyMore = "", string models = "", string audit = "", string? trail = null,
        string moderators = "", string upstreams = "", TimeProvider? clock = null)
    {
        TemporaryFolder folder = new();
        if (!audit.Contains("timeout", StringComparison.Ordinal)) audit += ", timeout: 60s"; // a busy machine is no fault of the gateway
        if (!upstream.Contains("break:", StringComparison.Ordinal)) upstream += " break: 1s";
        trail ??= $"sqlite:{folder.At("audit.db")}";
        StubUpstream first = await StubUpstream.StartAsync(), second = await StubUpstream.StartAsync();
        Environment.SetEnvironmentVariable("SAFERLHFV_TEST_UPSTREAM_KEY", "upstream-secret");
        await System.IO.File.WriteAllTextAsync(folder.At("policy.yaml"), policy);
        string yaml = $"""
            listen: http://127.0.0.1:0
            policy: policy.yaml
            moderators:
              - {"{"} kind: patterns, category: dangerous_behavior, severity: severe, keywords: [ forbidden ] {"}"}
            {moderators}
            upstreams:
              - {"{"} name: first, endpoint: "{first.Endpoint}", key_env: SAFERLHFV_TEST_UPSTREAM_KEY, model: theirs, retries: 1, {upstream} {"}"}
              - {"{"} name: second, endpoint: "{second.Endpoint}", retries: 0 {"}"}
            {upstreams}
            models:
              - {"{"} name: ours, upstreams: [ first ] {"}"}
              - {"{"} name: both, upstreams: [ first, second ] {"}"}
            {models}
            keys:
              - {"{"} name: tester, hash: {KeyRing.Hash(Key)} {keyMore} {"}"}
              - {"{"} name: op, role: operator, hash: {KeyRing.Hash(OperatorKey)} {"}"}
              - {"{"} name: past, hash: {KeyRing.Hash("expired-key")}, expires: 2020-01-01 {"}"}
              - {"{"} name: narrow, hash: {KeyRing.Hash("narrow-key")}, models: [ both ] {"}"}
            audit: {"{"} trail: "{trail}" {audit} {"}"}
            {more}
            """;
        GatewaySettings settings = GatewaySettingsReader.Parse(yaml, "gateway.yaml", folder.Path);
        WebApplication app = GatewayHost.Build(settings, clock is null ? null : new() { Clock = clock });
        KeptLog log = new();
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        await app.StartAsync();
        return new(app, folder, first, second, trail) { Log = log, Settings = settings };
    }

    public OpenAIClient Client(string key = Key) =>
        new(new ApiKeyCredential(key),
            new() { Endpoint = new(app.Urls.First() + "/v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) });

    public Task<(int Status, JsonNode? Body)> ChatAsync(string text, bool stream = false, string key = Key, string model = "ours") => PostAsync(
        "/v1/chat/completions",
        new JsonObject { ["model"] = model, ["stream"] = stream, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) }
            .ToJsonString(),
        key);

    /// <summary>A request with more members, or others.</summary>
    public static JsonObject With(string request, string members)
    {
        JsonObject body = (JsonObject)JsonNode.Parse(request)!;
        foreach ((string name, JsonNode? value) in (JsonObject)JsonNode.Parse(members)!) body[name] = value?.DeepClone();
        return body;
    }

    public async Task<(int Status, JsonNode? Body)> PostAsync(string path, string body, string? key = Key)
    {
        using HttpResponseMessage response = await SendAsync(path, body, key);
        string text = await response.Content.ReadAsStringAsync();
        try
        {
            return ((int)response.StatusCode, JsonNode.Parse(text));
        }
        catch (System.Text.Json.JsonException)
        {
            return ((int)response.StatusCode, JsonValue.Create(text));
        }
    }

    public Task<HttpResponseMessage> SendAsync(string path, string body, string? key = Key)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return Http.SendAsync(request);
    }

    public async Task<HttpResponseMessage> GetAsync(string path, string? key = Key)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await Http.SendAsync(request);
    }

    /// <summary>The outcomes in the audit trail, which is verified on the way.</summary>
    public async Task<IReadOnlyList<string?>> OutcomesAsync()
    {
        await using AuditDatabase database = AuditDatabase.Of(Trail);
        AuditReader reader = new(database);
        Assert.Empty((await reader.VerifyAsync()).Faults);
        return [.. (await reader.LatestAsync(100_000)).Reverse().Where(record => record.Kind == "end")
            .Select(record => JsonNode.Parse(record.Payload)!["outcome"]?.GetValue<string>())];
    }

    /// <summary>Ends it as SIGTERM does.</summary>
    /// <summary>Runs statements on the SQLite file of the audit trail.</summary>
    public async Task ExecuteAsync(string statements)
    {
        await using SqliteConnection connection = new($"Data Source={File};Pooling=False");
        await connection.OpenAsync();
        await using SqliteCommand command = new(statements, connection);
        await command.ExecuteNonQueryAsync();
    }

    public Task EndAsync() => GatewayHost.StopAsync(app);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        await Upstream.DisposeAsync();
        await Second.DisposeAsync();
        folder.Dispose();
    }
}
