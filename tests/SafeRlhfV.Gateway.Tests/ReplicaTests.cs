using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using SafeRlhfV.Audit;
using SafeRlhfV.Audit.Tests;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Three gateways on one PostgreSQL share limits, keys, policy and sessions.</summary>
public sealed class ReplicaTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Slow = "poll: 10m"; // what is heard within a test was told, not found

    private static string Yaml => $$"""
        moderators: [ { kind: patterns, category: c, keywords: [ k ] } ]
        upstreams: [ { name: u, endpoint: "http://127.0.0.1:9/v1" } ]
        models: [ { name: m, upstreams: [ u ] } ]
        keys: [ { name: k, hash: {{new string('0', 64)}} } ]
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Hammered at all of them: what passes is the limit (a minute's worth and what has come since) and at most a lease of each more; not thrice the limit.
    [Fact]
    public async Task TheLimitOfAKeyHoldsForAllTogether()
    {
        await using Group group = await StartAsync(keyMore: ", requests_per_minute: 60", replicas: "lease: 2s");
        Stopwatch clock = Stopwatch.StartNew();
        int passed = 0, refused = 0;
        await Task.WhenAll(group.Gateways.SelectMany(gateway => Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!IsEnough(clock, 3, Volatile.Read(ref passed) >= 60))
            {
                int status = (await gateway.ChatAsync("Hello")).Status;
                Interlocked.Increment(ref status == 200 ? ref passed : ref refused);
                Assert.True(status is 200 or 429, $"{status}");
            }
        }))));
        Assert.InRange(passed, 60, 60 + clock.Elapsed.TotalMinutes * 60 + 3 * 2);
        Assert.True(refused > 0);
    }

    // Tokens are known only afterwards: beside the leases, what is under way may go beyond.
    [Fact]
    public async Task TheTokensOfAKeyAreCountedTogether()
    {
        const int PerAnswer = 15; // the stub's
        await using Group group = await StartAsync(keyMore: ", tokens_per_minute: 300", replicas: "lease: 2s");
        Stopwatch clock = Stopwatch.StartNew();
        int passed = 0;
        await Task.WhenAll(group.Gateways.Select(gateway => Task.Run(async () =>
        {
            while (!IsEnough(clock, 2, Volatile.Read(ref passed) * PerAnswer >= 300))
                if ((await gateway.ChatAsync("Hello")).Status == 200) Interlocked.Increment(ref passed);
        })));
        Assert.InRange(passed * PerAnswer, 300, 300 + clock.Elapsed.TotalMinutes * 300 + 3 * (10 + PerAnswer));
    }

    // What one response has cost is gone for all, also where the gateway that passed it on gets no further request.
    [Fact]
    public async Task ALargeResponseAtOneIsChargedForAll()
    {
        await using Group group = await StartAsync(keyMore: ", tokens_per_minute: 5", replicas: "lease: 2s");
        Assert.Equal(200, (await group.Gateways[0].ChatAsync("Hello")).Status); // 15 tokens
        await UntilAsync(async () => await group.QueryAsync("SELECT level FROM guard_limit WHERE level BETWEEN -10 AND 0") != "");
        await EachAsync(group, async gateway => Assert.Equal(429, (await gateway.ChatAsync("Hello")).Status));
    }

    // With the database away nothing passes unmetered, and with it back all goes on.
    [Fact]
    public async Task WithoutTheDatabaseNothingPassesUnmetered()
    {
        await using Group group = await StartAsync(keyMore: ", requests_per_minute: 30", replicas: "lease: 2s");
        RunningGateway gateway = group.Gateways[0];
        await group.QueryAsync("ALTER TABLE guard_limit RENAME TO guard_limit_away");
        (int status, JsonNode? body) = await gateway.ChatAsync("Hello");
        Assert.Equal((503, "limits_unavailable"), (status, body!["error"]!["code"]!.GetValue<string>()));
        await group.QueryAsync("ALTER TABLE guard_limit_away RENAME TO guard_limit");
        Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
    }

    [Fact]
    public async Task CheckingAFilePublishesNothing()
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        Group group = new(await postgres.CreateDatabaseAsync(), []);
        string yaml = Yaml + $"\naudit: {{ trail: \"postgres:{group.Connection}\" }}\nreplicas: {{ name: a, lease: 1m }}";
        await using WebApplication app = GatewayHost.Build(GatewaySettingsReader.Parse(yaml));
        Assert.Equal("0", await group.QueryAsync("SELECT COUNT(*) FROM guard_settings"));
    }

    [Fact]
    public async Task ARevokedKeyIsRefusedByAllAsSoonAsTheyAreTold()
    {
        await using Group group = await StartAsync(replicas: Slow);
        await EachAsync(group, async gateway => Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status));
        GatewaySettings own = group.Gateways[1].Settings;
        Assert.Equal((2, 1), GatewayPublication.Publish(own with { Keys = [.. own.Keys.Where(key => key.Name != "tester")] }));
        await EachAsync(group, gateway => UntilAsync(async () => (await gateway.ChatAsync("Hello")).Status == 401));
        Assert.Equal((2, 1), GatewayPublication.Publish(own with { Keys = [.. own.Keys.Where(key => key.Name != "tester")] })); // nothing is new
        Assert.Equal((3, 1), GatewayPublication.Publish(own));
        await EachAsync(group, gateway => UntilAsync(async () => (await gateway.ChatAsync("Hello")).Status == 200));
    }

    // The message may be lost; the poll is not.
    [Fact]
    public async Task ARevokedKeyIsRefusedByAllWithinThePoll()
    {
        await using Group group = await StartAsync(replicas: "poll: 200ms");
        await group.QueryAsync("INSERT INTO guard_settings (kind, version, publisher, body) VALUES ('keys', 2, 'test', '[]')");
        await EachAsync(group, gateway => UntilAsync(async () => (await gateway.ChatAsync("Hello")).Status == 401));
    }

    [Fact]
    public async Task APublishedPolicyIsInForceAtAllAndAFaultyOneIsNot()
    {
        await using Group group = await StartAsync(replicas: "poll: 200ms");
        GatewaySettings own = group.Gateways[0].Settings;
        await File.WriteAllTextAsync(own.Policy!, "name: second\nprompt_refusal: Not here.", Cancel);
        Assert.Equal(200, (await group.Gateways[0].ChatAsync("Hello")).Status);
        Assert.Equal((1, 2), GatewayPublication.Publish(own));
        await EachAsync(group, gateway =>
            UntilAsync(async () => (await gateway.ChatAsync("a forbidden question")).Body!.ToJsonString().Contains("Not here.", StringComparison.Ordinal)));

        await group.QueryAsync("INSERT INTO guard_settings (kind, version, publisher, body) VALUES ('policy', 3, 'test', 'colour: red')");
        await EachAsync(group, gateway => UntilAsync(async () => (await ReadyAsync(gateway))["settings"]!.GetValue<string>() != "ok"));
        await EachAsync(group, async gateway =>
        {
            Assert.StartsWith("second@", (await ReadyAsync(gateway))["policy_version"]!.GetValue<string>());
            Assert.Contains(gateway.Log.Lines, line => line.Contains("version 3 of the policy", StringComparison.Ordinal));
        });
        await File.WriteAllTextAsync(own.Policy!, "colour: red", Cancel);
        Assert.Throws<InvalidInputException>(() => GatewayPublication.Publish(own)); // a faulty file is not published in the first place
    }

    // What is in force is the database's, also for a gateway that starts with another file; it says so.
    [Fact]
    public async Task AGatewayWithAnotherFileTakesWhatIsInForce()
    {
        await using Group group = await StartAsync(replicas: Slow);
        await using RunningGateway other = await RunningGateway.StartAsync("replicas: { name: other }", trail: group.Gateways[0].Trail, policy: "name: other");
        Assert.StartsWith("policy@", (await ReadyAsync(other))["policy_version"]!.GetValue<string>());
        await UntilAsync(() => Task.FromResult(other.Log.Lines.Any(line => line.Contains("other policy than the database", StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("")]
    [InlineData(", key_env: SAFERLHFV_TEST_AUDIT_KEY")]
    public async Task WhoSignsInAtOneIsKnownToAllAndSignedOutAtAll(string audit)
    {
        Environment.SetEnvironmentVariable("SAFERLHFV_TEST_AUDIT_KEY", "a secret of the gateways alone");
        await using Group group = await StartAsync(replicas: Slow, audit: audit);
        RunningGateway[] gateways = group.Gateways;
        using HttpResponseMessage signedIn = await gateways[0].SendAsync("/dashboard/login", "", RunningGateway.OperatorKey);
        string cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        await EachAsync(group, async gateway => Assert.Equal(HttpStatusCode.OK, await DashboardAsync(gateway, cookie)));
        Assert.Equal(HttpStatusCode.Unauthorized, await DashboardAsync(gateways[1], cookie[..^4] + "AAAA"));
        Assert.Equal(audit.Length > 0,
            !(await group.QueryAsync("SELECT string_agg(xml, '') FROM guard_session_key")).Contains("masterKey", StringComparison.Ordinal));
        Assert.Equal("1", await group.QueryAsync("SELECT COUNT(*) FROM guard_session_key"));

        using HttpRequestMessage signOut = new(HttpMethod.Post, "/dashboard/logout");
        signOut.Headers.Add("cookie", cookie);
        using HttpResponseMessage signedOut = await gateways[1].Http.SendAsync(signOut, Cancel);
        await EachAsync(group, async gateway => Assert.Equal(HttpStatusCode.Unauthorized, await DashboardAsync(gateway, cookie)));
    }

    [Fact]
    public async Task ASessionEndsWithItsKey()
    {
        await using Group group = await StartAsync(replicas: Slow);
        using HttpResponseMessage signedIn = await group.Gateways[0].SendAsync("/dashboard/login", "", RunningGateway.OperatorKey);
        string cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        GatewaySettings own = group.Gateways[0].Settings;
        GatewayPublication.Publish(own with { Keys = [.. own.Keys.Where(key => key.Role != "operator")] });
        await EachAsync(group, gateway => UntilAsync(async () => await DashboardAsync(gateway, cookie) == HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task ARequestStaysInOneChainAndTheLeaderAnchorsThemAll()
    {
        await using Group group = await StartAsync(replicas: "anchor: 100ms");
        await EachAsync(group, async gateway =>
        {
            for (int i = 0; i < 4; i++) Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
        });
        await using AuditDatabase database = AuditDatabase.Of(group.Gateways[0].Trail);
        AuditReader reader = new(database);
        await UntilAsync(async () => (await reader.VerifyAsync(null, Cancel)).Chains is [_, _, _, { Name: AuditChains.Anchors }] chains
            && chains.All(chain => chain.Unanchored == 0));
        Assert.Empty((await reader.VerifyAsync(null, Cancel)).Faults);
        IEnumerable<AuditRecord> requests = (await reader.LatestAsync(100, Cancel)).Where(record => record.Request.Length > 0); // and not the gateways' starts
        Assert.All(requests.GroupBy(record => record.Request), request =>
            Assert.Equal(2, request.Where(record => record.Chain == request.First().Chain).Count()));
        bool[] leads = await Task.WhenAll(group.Gateways.Select(async gateway => (await ReadyAsync(gateway))["leader"]!.GetValue<bool>()));
        Assert.Single(leads, lead => lead);
    }

    [Fact]
    public void ReplicasNeedAPostgresThatIsThere()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
            GatewaySettingsReader.Parse(Yaml + "\naudit: { trail: \"sqlite:a.db\" }\nreplicas: { name: anchors, lease: 2m }"));
        Assert.Contains("replicas: several gateways share a PostgreSQL", error.Message, StringComparison.Ordinal);
        Assert.Contains("replicas.name: 'anchors' must be", error.Message, StringComparison.Ordinal);
        Assert.Contains("replicas.lease: must be at most a minute", error.Message, StringComparison.Ordinal);
        GatewaySettings away = GatewaySettingsReader.Parse(Yaml
            + "\naudit: { trail: \"postgres:Host=127.0.0.1;Port=1;Username=nobody;Timeout=1\" }\nreplicas: { name: a }");
        Assert.Equal((ShutdownSettings.OfReplicas, "a"), (away.Shutdown, away.Audit.Chain));
        Assert.Contains("cannot be used", Assert.Throws<ServiceException>(() => GatewayHost.Build(away)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => GatewayHost.Build(away with { AuditTrail = "postgres:Nonsense=1" }));
        Assert.Throws<InvalidInputException>(() => GatewayPublication.Publish(away with { Replicas = null }));
    }

    private async Task<Group> StartAsync(string replicas, string keyMore = "", string audit = "")
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        string connection = await postgres.CreateDatabaseAsync();
        List<RunningGateway> gateways = [];
        for (int i = 0; i < 3; i++)
        {
            gateways.Add(await RunningGateway.StartAsync(
                $"replicas: {{ name: gw-{i}, {replicas} }}", keyMore: keyMore, audit: audit, trail: $"postgres:{connection};Pooling=true"));
        }
        Group group = new(connection, [.. gateways]);
        await EachAsync(group, gateway => UntilAsync(async () => (await ReadyAsync(gateway))["keys"]!.GetValue<int>() == 1)); // published by the first of them
        return group;
    }

    // a busy machine needs longer to use a limit up
    private static bool IsEnough(Stopwatch clock, int seconds, bool isUsedUp) => clock.Elapsed.TotalSeconds >= (isUsedUp ? seconds : 60);

    private static Task EachAsync(Group group, Func<RunningGateway, Task> act) => Task.WhenAll(group.Gateways.Select(act));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (Stopwatch clock = Stopwatch.StartNew(); !await holds(); await Task.Delay(20, Cancel))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "it did not come about");
    }

    private static async Task<JsonNode> ReadyAsync(RunningGateway gateway)
    {
        using HttpResponseMessage response = await gateway.GetAsync("/readyz");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["parts"]!["replica"]!;
    }

    private static async Task<HttpStatusCode> DashboardAsync(RunningGateway gateway, string cookie)
    {
        using HttpClient http = new(new HttpClientHandler { UseCookies = false }) { BaseAddress = gateway.Http.BaseAddress };
        using HttpRequestMessage request = new(HttpMethod.Get, "/dashboard/data");
        request.Headers.Add("cookie", cookie);
        using HttpResponseMessage response = await http.SendAsync(request, Cancel);
        return response.StatusCode;
    }

    private sealed record Group(string Connection, RunningGateway[] Gateways) : IAsyncDisposable
    {
        public Task<string> QueryAsync(string statement) => PostgresServer.QueryAsync(Connection, statement);

        public async ValueTask DisposeAsync()
        {
            foreach (RunningGateway gateway in Gateways) await gateway.DisposeAsync();
        }
    }
}
