using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Audit;
using SafeRlhfV.Audit.Tests;
using SafeRlhfV.GatewayLoad;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Three gateways, each a process, behind YARP and on one PostgreSQL, while callers are at work.</summary>
public sealed class ClusterTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // The balancer asks another where one breaks off, as a caller of OpenAI's would; what the dead one had recorded is whole, and another leads.
    [Fact]
    public async Task AKilledGatewayLosesNoRequestAndAllChainsAreWhole()
    {
        await using Cluster cluster = await StartAsync(retries: true);
        Callers callers = cluster.Call(6, streaming: 0); // a stream that has begun ends with its gateway
        await callers.AnsweredAsync(60);
        int leader = await cluster.LeaderAsync(-1);
        await cluster.Gateways[leader].KillAsync();
        await callers.AnsweredAsync(callers.Answered + 60);
        Assert.NotEqual(leader, await cluster.LeaderAsync(leader));
        await callers.StopAsync();
        Assert.Empty(callers.Lost);

        await using AuditDatabase database = AuditDatabase.Postgres(cluster.Connection);
        AuditReader reader = new(database);
        AuditCheck check = await Cluster.AnchoredAsync(reader);
        Assert.Empty(check.Faults);
        Assert.Equal(["gw-0", "gw-1", "gw-2", AuditChains.Anchors], check.Chains.Select(chain => chain.Name));
        int ended = (await reader.LatestAsync(1_000_000, Cancel)).Count(record => record.Kind == "end");
        Assert.InRange(ended, callers.Answered, callers.Answered + 6); // all that was answered, and what the dead one had under way

        await PostgresServer.QueryAsync(cluster.Connection,
            $"DELETE FROM guard_audit WHERE chain = 'gw-{leader}'; DELETE FROM guard_audit_mark WHERE name LIKE '%/gw-{leader}'");
        Assert.Contains($"chain gw-{leader}: is gone", (await reader.VerifyAsync(null, Cancel)).Faults.Single(), StringComparison.Ordinal);
    }

    // No retries anywhere: each gateway says that it ends, the balancer sends nothing more, and what is under way is answered.
    [Fact]
    public async Task ARollingRestartLosesNoRequest()
    {
        await using Cluster cluster = await StartAsync(retries: false);
        Callers callers = cluster.Call(6, streaming: 2);
        await callers.AnsweredAsync(60);
        foreach (GatewayProcess gateway in cluster.Gateways)
        {
            Assert.Equal(0, await gateway.EndAsync());
            await callers.AnsweredAsync(callers.Answered + 20);
            await gateway.StartAsync();
            await Task.Delay(1000, Cancel); // until the balancer has seen it
        }
        await callers.AnsweredAsync(callers.Answered + 20);
        await callers.StopAsync();
        Assert.Empty(callers.Lost);
        await using AuditDatabase database = AuditDatabase.Postgres(cluster.Connection);
        AuditReader reader = new(database);
        Assert.Empty((await Cluster.AnchoredAsync(reader)).Faults);
        Assert.Equal(callers.Answered, (await reader.LatestAsync(1_000_000, Cancel)).Count(record => record.Kind == "end"));
    }

    private async Task<Cluster> StartAsync(bool retries)
    {
        Assert.SkipUnless(File.Exists(GatewayProcess.Program), $"{GatewayProcess.Program} is not built");
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        string connection = await postgres.CreateDatabaseAsync();
        TemporaryFolder folder = new();
        StubUpstream upstream = await StubUpstream.StartAsync();
        upstream.Behaviour = AnswerSlowlyAsync;
        GatewayProcess[] gateways = [.. FreePorts(3).Select((port, i) =>
        {
            File.WriteAllText(folder.At($"gateway-{i}.yaml"), $"""
                listen: http://127.0.0.1:{port}
                moderators: [ {"{"} kind: patterns, category: dangerous_behavior, keywords: [ forbidden ] {"}"} ]
                upstreams: [ {"{"} name: u, endpoint: "{upstream.Endpoint}" {"}"} ]
                models: [ {"{"} name: ours, upstreams: [ u ] {"}"} ]
                keys: [ {"{"} name: k, hash: {KeyRing.Hash("key")} {"}"} ]
                audit: {"{"} trail: "postgres:{connection}", timeout: 60s {"}"}
                replicas: {"{"} name: gw-{i}, anchor: 300ms {"}"}
                shutdown: {"{"} drain: 10s {"}"} # in which the balancer must have seen it, on a busy machine, too
                """);
            return new GatewayProcess(folder.At($"gateway-{i}.yaml"), $"http://127.0.0.1:{port}");
        })];
        await Task.WhenAll(gateways.Select(gateway => gateway.StartAsync()));
        WebApplication balancer = Balancer.Create([.. gateways.Select(gateway => gateway.Address)], TimeSpan.FromMilliseconds(200), retries);
        await balancer.StartAsync(Cancel);
        return new(connection, gateways, balancer, upstream, folder);
    }

    // so that there is always something under way; a stream takes a second
    private static async Task AnswerSlowlyAsync(HttpContext http, JsonObject body)
    {
        if (body["stream"]?.GetValue<bool>() != true)
        {
            await Task.Delay(20);
            await StubUpstream.AnswerAsync(http, body, "All is well.");
            return;
        }
        http.Response.ContentType = "text/event-stream";
        for (int i = 0; i < 10; i++)
        {
            await StubUpstream.ChunkAsync(http, new JsonObject { ["content"] = "All is well. " });
            await Task.Delay(100);
        }
        await StubUpstream.ChunkAsync(http, [], "stop");
        await StubUpstream.SendAsync(http, "[DONE]");
    }

    private static int[] FreePorts(int count)
    {
        TcpListener[] free = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener one in free) one.Start();
        int[] ports = [.. free.Select(one => ((IPEndPoint)one.LocalEndpoint).Port)];
        foreach (TcpListener one in free) one.Stop();
        return ports;
    }

    private sealed record Cluster(string Connection, GatewayProcess[] Gateways, WebApplication Balancer, StubUpstream Upstream, TemporaryFolder Folder)
        : IAsyncDisposable
    {
        public Callers Call(int count, int streaming) => new(Balancer.Urls.First(), count, streaming);

        /// <summary>Which gateway says that it leads, other than one that does no longer.</summary>
        public async Task<int> LeaderAsync(int dead)
        {
            using HttpClient http = new();
            for (int attempt = 0; attempt < 200; attempt++, await Task.Delay(50, Cancel))
            {
                for (int i = 0; i < Gateways.Length; i++)
                {
                    if (i == dead) continue;
                    using HttpResponseMessage ready = await http.GetAsync(Gateways[i].Address + "/readyz", Cancel);
                    if (JsonNode.Parse(await ready.Content.ReadAsStringAsync(Cancel))!["parts"]!["replica"]!["leader"]!.GetValue<bool>()) return i;
                }
            }
            throw new InvalidOperationException("Nobody leads.");
        }

        /// <summary>The trail once every record is anchored.</summary>
        public static async Task<AuditCheck> AnchoredAsync(AuditReader reader)
        {
            for (int attempt = 0; ; attempt++, await Task.Delay(100, Cancel))
                if (await reader.VerifyAsync(null, Cancel) is { } check && (attempt == 100 || check.Chains.All(chain => chain.Unanchored == 0))) return check;
        }

        public async ValueTask DisposeAsync()
        {
            await Balancer.StopAsync(new CancellationToken(true));
            await Balancer.DisposeAsync();
            foreach (GatewayProcess gateway in Gateways) await gateway.DisposeAsync();
            await Upstream.DisposeAsync();
            Folder.Dispose();
        }
    }

    /// <summary>Callers that ask again and again; whoever does not get his answer at once says so.</summary>
    private sealed class Callers
    {
        private readonly CancellationTokenSource enough = new();
        private readonly Task[] all;
        private int answered;

        public Callers(string address, int count, int streaming)
        {
            HttpClient http = new() { BaseAddress = new(address) };
            http.DefaultRequestHeaders.Authorization = new("Bearer", "key");
            all = [.. Enumerable.Range(0, count).Select(caller => Task.Run(async () =>
            {
                while (!enough.IsCancellationRequested) await AskAsync(http, caller < streaming);
            }))];
        }

        public int Answered => Volatile.Read(ref answered);

        public ConcurrentQueue<string> Lost { get; } = [];

        public async Task AnsweredAsync(int count)
        {
            while (Answered < count)
            {
                Assert.True(Lost.IsEmpty, Lost.FirstOrDefault());
                await Task.Delay(20, Cancel);
            }
        }

        public async Task StopAsync()
        {
            await enough.CancelAsync();
            await Task.WhenAll(all);
        }

        private async Task AskAsync(HttpClient http, bool stream)
        {
            string ask = $$"""{"model":"ours","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"Hi"}]}""";
            try
            {
                using HttpResponseMessage response = await http.PostAsync(
                    "/v1/chat/completions", new StringContent(ask, Encoding.UTF8, "application/json"));
                string text = await response.Content.ReadAsStringAsync();
                bool isWhole = stream ? text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) : text.Contains("All is well.", StringComparison.Ordinal);
                isWhole &= !text.Contains("\"error\"", StringComparison.Ordinal);
                if (response.StatusCode == HttpStatusCode.OK && isWhole) Interlocked.Increment(ref answered);
                else Lost.Enqueue($"{response.StatusCode}: {text}");
            }
            catch (Exception error)
            {
                Lost.Enqueue(error.ToString());
            }
        }
    }
}
