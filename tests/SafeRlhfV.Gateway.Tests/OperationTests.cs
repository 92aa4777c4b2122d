using System.Collections;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed class OperationTests
{
    private const int Soon = 5; // seconds

    /// <summary>A leaked key dies within five seconds, with the dashboard's sessions that it opened; a file that is cut changes nothing.</summary>
    [Fact]
    public async Task KeysOfTheFileAreFollowed()
    {
        using TemporaryFolder folder = new();
        const string Rest = "upstreams: [ { name: here, endpoint: \"http://127.0.0.1:1/v1\" } ]\nmodels: [ { name: ours, upstreams: [ here ] } ]\n";
        string file = folder.At("gateway.yaml"), op = $"  - {{ name: op, role: operator, hash: {KeyRing.Hash("op")} }}\n",
            leaked = $"  - name: leaked\n    role: operator\n    hash: {KeyRing.Hash("leaked")}\n    expires: 2200-01-01\n";
        string head = "listen: http://127.0.0.1:0\naudit: { trail: sqlite:audit.db }\n"
            + "moderators: [ { kind: patterns, category: dangerous_behavior, keywords: [ forbidden ] } ]\n" + Rest + "keys:\n";
        await File.WriteAllTextAsync(file, head + op + leaked, TestContext.Current.CancellationToken);
        await using WebApplication app = GatewayHost.Build(GatewaySettingsReader.Load(file));
        KeptLog log = new();
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        await app.StartAsync(TestContext.Current.CancellationToken);
        using HttpClient http = new(new HttpClientHandler { CookieContainer = new() }) { BaseAddress = new(app.Urls.First()) };
        Assert.Equal(200, await StatusAsync("/v1/models", "leaked"));
        using HttpRequestMessage login = new(HttpMethod.Post, "/dashboard/login") { Headers = { { "authorization", "Bearer leaked" } } };
        Assert.True((await http.SendAsync(login, TestContext.Current.CancellationToken)).IsSuccessStatusCode);
        Assert.Equal(200, await StatusAsync("/dashboard/data", null));

        string cut = leaked[..leaked.IndexOf("    expires", StringComparison.Ordinal)];
        await File.WriteAllTextAsync(file, head + op + cut, TestContext.Current.CancellationToken);
        await UntilAsync(() => log.Lines.Any(line => line.Contains("as if it had been cut", StringComparison.Ordinal)));
        Assert.Equal(200, await StatusAsync("/v1/models", "leaked"));
        Assert.Contains("faults", JsonNode.Parse(await http.GetStringAsync("/readyz", TestContext.Current.CancellationToken))!["parts"]!["keys"]!.ToString());

        string added = $"  - {{ name: added, hash: {KeyRing.Hash("added")} }}\n";
        await File.WriteAllTextAsync(file, head + op + added, TestContext.Current.CancellationToken);
        int seconds = 0;
        using PeriodicTimer second = new(TimeSpan.FromSeconds(1)); // as late as the gateway's own where the machine is busy
        Task counting = Task.Run(async () =>
        {
            while (await second.WaitForNextTickAsync()) Interlocked.Increment(ref seconds);
        });
        while (await StatusAsync("/v1/models", "leaked") == 200) await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.InRange(Volatile.Read(ref seconds), 0, Soon);
        second.Dispose();
        await counting;
        Assert.Equal((401, 401, 200, 200), (await StatusAsync("/v1/models", "leaked"), await StatusAsync("/dashboard/data", null),
            await StatusAsync("/v1/models", "added"), await StatusAsync("/v1/models", "op")));
        Assert.Contains(log.Lines, line => line.Contains("New or changed: added; removed: leaked.", StringComparison.Ordinal));

        async Task<int> StatusAsync(string path, string? key)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            if (key is not null) request.Headers.Add("authorization", $"Bearer {key}");
            using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public void VariablesReplaceWhatTheFileSays()
    {
        const string Yaml = "listen: http://127.0.0.1:8080\nmoderators: [ { kind: patterns, category: c, keywords: [ k ] } ]\n"
            + "upstreams: [ { name: here, endpoint: \"http://127.0.0.1:1/v1\" } ]\nmodels: [ { name: ours, upstreams: [ here ] } ]\n";
        string keys = $"keys: [ {{ name: t, hash: {new string('0', 64)} }} ]";
        GatewaySettings settings = GatewaySettingsReader.Parse(Yaml + keys, sets: EnvironmentSettings.Of(new Hashtable
        {
            ["SAFERLHFV_GATEWAY__LIMITS__CONCURRENCY"] = "7",
            ["saferlhfv_gateway__listen"] = "http://0.0.0.0:80",
            ["SAFERLHFV_GATEWAY__CORS__ORIGINS"] = "[ https://app.example ]",
            ["SAFERLHFV_OTHER"] = "x",
        }));
        Assert.Equal((7, "http://0.0.0.0:80", "https://app.example"), (settings.Limits.Concurrency, settings.Listen, Assert.Single(settings.CorsOrigins)));
        Assert.Contains("SAFERLHFV_GATEWAY__LIMITS__CONCURENCY has 1 fault: limits.concurency: unknown key",
            Refused("SAFERLHFV_GATEWAY__LIMITS__CONCURENCY", "7"));
        Assert.Contains("SAFERLHFV_GATEWAY__LIMITS__CONCURRENCY has 1 fault: limits.concurrency: 'many' must be",
            Refused("SAFERLHFV_GATEWAY__LIMITS__CONCURRENCY", "many"));
        Assert.Contains("saferlhfv_gateway__tls__certificate has 1 fault: tls", Refused("saferlhfv_gateway__tls__certificate", "x"));
        Assert.Contains("SAFERLHFV_GATEWAY__CORS__ORIGINS has 2 faults: ", Refused("SAFERLHFV_GATEWAY__CORS__ORIGINS", "[ open"));
        Assert.Contains("SAFERLHFV_GATEWAY__MODELS__NAME has 1 fault: ", Refused("SAFERLHFV_GATEWAY__MODELS__NAME", "x"));

        string Refused(string variable, string value)
        {
            string message = Assert.Throws<InvalidInputException>(
                () => GatewaySettingsReader.Parse(Yaml + keys, sets: EnvironmentSettings.Of(new Hashtable { [variable] = value }))).Message;
            Assert.DoesNotContain("--set", message);
            return message;
        }
    }

    [Theory]
    [InlineData("SAFERLHFV_GATEWAY_LIMITS__CONCURRENCY", "SAFERLHFV_GATEWAY__LIMITS__CONCURRENCY")]
    [InlineData("SAFERLHFV_GATEWAY_LIMITS_CONCURRENCY", "SAFERLHFV_GATEWAY__")]
    [InlineData("saferlhfv_gateway_listen", "SAFERLHFV_GATEWAY__LISTEN")]
    [InlineData("SAFERLHFV_GATEWAY__", "SAFERLHFV_GATEWAY__LIMITS__CONCURRENCY")]
    [InlineData("SAFERLHFV_GATEWAY", "SAFERLHFV_GATEWAY__")]
    [InlineData("SAFERLHFV_GATEWAYLISTEN", "SAFERLHFV_GATEWAY__")]
    public void AVariableThatSetsNothingIsRefused(string variable, string meant)
    {
        string message = Assert.Throws<InvalidInputException>(
            () => EnvironmentSettings.Of(new Hashtable { [variable] = "7", ["SAFERLHFV_GATEWAY__LISTEN"] = "http://0.0.0.0:80" })).Message;
        Assert.StartsWith($"{variable}: ", message);
        Assert.Contains(meant, message);
    }

    // A secret that the file, or another variable, names; and what Kubernetes sets for services whose names begin so.
    [Fact]
    public void VariablesOfOthersAreLeftAlone() => Assert.Equal(["audit.key_env=SAFERLHFV_GATEWAY_SEAL"], EnvironmentSettings.Of(new Hashtable
    {
        ["SAFERLHFV_GATEWAY_KEY"] = "secret",
        ["SAFERLHFV_GATEWAY_SEAL"] = "secret",
        ["SAFERLHFV_GATEWAY__AUDIT__KEY_ENV"] = "SAFERLHFV_GATEWAY_SEAL",
        ["SAFERLHFV_GATEWAY_SERVICE_HOST"] = "10.0.0.1",
        ["SAFERLHFV_GATEWAY_SERVICE_PORT_HTTP"] = "80",
        ["SAFERLHFV_GATEWAY_PORT"] = "tcp://10.0.0.1:80",
        ["SAFERLHFV_GATEWAY_PORT_80_TCP_ADDR"] = "10.0.0.1",
        ["SAFERLHFV_GATEWAY_POSTGRES_SERVICE_PORT"] = "5432",
        ["SAFERLHFV_GATEWAY_POSTGRES_PORT_5432_TCP"] = "tcp://10.0.0.2:5432",
    }, "upstreams: [ { name: here, key_env: \"SAFERLHFV_GATEWAY_KEY\" } ]").Select(set => set.Setting));

    [Theory]
    [InlineData("forwarded: { proxies: [ nowhere ] }", "must be an address or a network")]
    [InlineData("forwarded: { proxies: [ ] }", "name the proxies")]
    [InlineData("cors: { origins: [ \"*\" ] }", "must be an origin")]
    [InlineData("cors: { origins: [ \"https://app.example/path\" ] }", "must be an origin")]
    [InlineData("cors: { origins: [ ] }", "name the origins")]
    public async Task WhatIsNoProxyAndNoOriginIsRefused(string more, string fault) =>
        Assert.Contains(fault, (await Assert.ThrowsAsync<InvalidInputException>(() => RunningGateway.StartAsync(more))).Message);

    /// <summary>Behind a proxy that ends TLS the dashboard's cookie is for https alone, where the settings say that this proxy is believed.</summary>
    [Theory]
    [InlineData("forwarded: { proxies: [ 127.0.0.0/8, \"::1\" ] }", true)]
    [InlineData("forwarded: { proxies: [ 10.0.0.0/8 ] }", false)]
    [InlineData("", false)]
    public async Task OnlyNamedProxiesAreBelieved(string more, bool isSecure)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(more);
        using HttpRequestMessage login = new(HttpMethod.Post, "/dashboard/login");
        login.Headers.Add("authorization", $"Bearer {RunningGateway.OperatorKey}");
        login.Headers.Add("x-forwarded-proto", "https");
        using HttpResponseMessage response = await gateway.Http.SendAsync(login, TestContext.Current.CancellationToken);
        Assert.Equal(isSecure, Assert.Single(response.Headers.GetValues("set-cookie")).Contains("; secure", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task OnlyNamedOriginsMayCallFromABrowser()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("cors: { origins: [ \"https://app.example\" ] }");
        foreach ((string origin, string path, bool isAllowed) in ((string, string, bool)[])[("https://app.example", "/v1/chat/completions", true),
            ("https://other.example", "/v1/chat/completions", false), ("https://app.example", "/dashboard/login", false)])
        {
            using HttpRequestMessage preflight = new(HttpMethod.Options, path);
            preflight.Headers.Add("origin", origin);
            preflight.Headers.Add("access-control-request-method", "POST");
            preflight.Headers.Add("access-control-request-headers", "authorization, content-type");
            using HttpResponseMessage response = await gateway.Http.SendAsync(preflight, TestContext.Current.CancellationToken);
            Assert.Equal(isAllowed, response.Headers.Contains("access-control-allow-origin"));
            if (isAllowed) Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }

        // an error is readable too
        using HttpRequestMessage unknown = new(HttpMethod.Get, "/v1/models");
        unknown.Headers.Add("origin", "https://app.example");
        using HttpResponseMessage refused = await gateway.Http.SendAsync(unknown, TestContext.Current.CancellationToken);
        Assert.Equal((401, "https://app.example"), ((int)refused.StatusCode, refused.Headers.GetValues("access-control-allow-origin").Single()));
        Assert.Contains("x-request-id", string.Join(",", refused.Headers.GetValues("access-control-expose-headers")));
    }

    [Theory, InlineData("/healthz"), InlineData("/readyz")]
    public async Task ProbesMayAskForTheHeadAlone(string path)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using HttpRequestMessage head = new(HttpMethod.Head, path);
        using HttpResponseMessage response = await gateway.Http.SendAsync(head, TestContext.Current.CancellationToken);
        Assert.Equal((200, ""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    [Theory]
    [InlineData("/openai/deployments/ours/chat/completions?api-version=2024-10-21", "another", 200)]
    [InlineData("/openai/deployments/ours/chat/completions?api-version=2024-10-21", null, 200)]
    [InlineData("/openai/deployments/unknown/chat/completions", null, 404)]
    [InlineData("/openai/v1/chat/completions", "ours", 200)]
    [InlineData("/openai/deployments/ours/completions", null, 404)]
    public async Task ClientsOfAzureAreAnswered(string path, string? model, int status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = new() { ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hello" }) };
        if (model is not null) body["model"] = model;
        foreach ((string key, int expected) in ((string, int)[])[(RunningGateway.Key, status), ("unknown", status == 200 ? 401 : 0)])
        {
            using HttpRequestMessage request = new(HttpMethod.Post, path);
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            request.Headers.Add("api-key", key);
            using HttpResponseMessage response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
            if (expected > 0) Assert.Equal(expected, (int)response.StatusCode);
        }
        Assert.Equal(status == 200 ? 1 : 0, gateway.Upstream.Requests.Count);
    }

    /// <summary>Azure's services take their key in a header of its own, and their version in the query.</summary>
    [Fact]
    public async Task AnUpstreamMayBeAzures()
    {
        using UpstreamChatClient client = new(new()
        {
            Name = "azure",
            Endpoint = new("http://127.0.0.1:1/openai/deployments/gpt?api-version=2024-10-21"),
            Key = "secret",
            KeyHeader = "api-key",
        });
        Assert.Equal("http://127.0.0.1:1/openai/deployments/gpt/chat/completions?api-version=2024-10-21", client.Address.ToString());

        await using RunningGateway gateway = await RunningGateway.StartAsync(upstream: "key_header: api-key,");
        string? key = null;
        gateway.Upstream.Behaviour = (http, body) =>
        {
            key = http.Request.Headers["api-key"];
            return StubUpstream.AnswerAsync(http, body, "Well.");
        };
        Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
        Assert.Equal(("upstream-secret", ""), (key, gateway.Upstream.Keys.Single()));
    }

    [Theory, InlineData("", true), InlineData("limits: { images: 0 }", false)]
    public void WhereNoModeratorSeesImagesTheOperatorIsTold(string more, bool isTold)
    {
        KeptLog log = new();
        using ILoggerFactory logs = LoggerFactory.Create(logging => logging.AddProvider(log));
        GatewaySettings settings = GatewaySettingsReader.Parse(
            $"moderators: [ {{ kind: patterns, category: c, keywords: [ k ] }} ]\nupstreams: [ {{ name: here, endpoint: \"http://127.0.0.1:1/v1\" }} ]\n"
                + $"models: [ {{ name: ours, upstreams: [ here ] }} ]\nkeys: [ {{ name: t, hash: {new string('0', 64)} }} ]\n{more}");
        new ModeratorFactory(settings, () => Guard.GuardPolicy.Default, _ => throw new NotSupportedException(), logs.CreateLogger<ModeratorFactory>()).Create();
        Assert.Equal(isTold, log.Lines.Any(line => line.Contains("No moderator sees images (patterns)", StringComparison.Ordinal)));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (int i = 0; i < 1200 && !holds(); i++) await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(holds());
    }
}
