using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Audit;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>What is erased of the audit trail is gone from the memory of the gateway that answered, too.</summary>
public sealed class ErasedResponsesTests
{
    private const string Reason = "request of the person";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ErasureReachesAGatewaysMemory()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string one = await IdAsync(gateway.Http, """{ "model": "ours", "input": "Hello", "safety_identifier": "user-17" }""");
        string two = await IdAsync(gateway.Http, """{ "model": "ours", "input": "Hello", "user": "user-18" }""");
        string three = await IdAsync(gateway.Http, Follow("More", two)); // of nobody
        string four = await IdAsync(gateway.Http, """{ "model": "ours", "input": "Hello" }""");
        await using AuditDatabase trail = AuditDatabase.Of(gateway.Trail); // as another process would open it
        AuditErasure erasure = new(trail);
        Assert.Equal(1, (await erasure.ForgetSubjectAsync("user-17", "ann", Reason, cancellationToken: Cancel)).Requests);
        Assert.Equal((404, 200), (await StatusAsync(gateway.Http, one), await StatusAsync(gateway.Http, two)));
        Assert.Equal(1, (await erasure.ForgetRequestAsync(two["resp_".Length..], "ann", Reason, cancellationToken: Cancel)).Requests);
        Assert.Equal("previous_response_not_found", await CodeAsync(gateway.Http, Follow("x", three))); // half a conversation is none
        Assert.Equal(200, await StatusAsync(gateway.Http, three));
        await IdAsync(gateway.Http, Follow("x", four));

        // While the trail cannot be read nothing is given that might be erased.
        File.Move(gateway.File, gateway.File + ".away");
        Assert.Equal(503, await StatusAsync(gateway.Http, four));
        File.Move(gateway.File + ".away", gateway.File);
        Assert.Equal(200, await StatusAsync(gateway.Http, four));
    }

    [Fact]
    public async Task MemoryIsFreedThoughNobodyAsks()
    {
        RememberedResponses kept = new(new(), TimeProvider.System);
        using TemporaryFolder folder = new();
        await using AuditDatabase database = AuditDatabase.Sqlite(folder.At("audit.db"));
        await using AuditTrail trail = new(database, new());
        ErasableResponses responses = new(kept, new(database), AuditChains.Main, new HurriedClock(200));
        await responses.StartAsync(Cancel);
        await responses.KeepAsync(new("owner", ResponseStore.NameOf("r1"), null, 0, [1], [1]), Cancel);
        await trail.RecordAsync("note", "r1", [], Cancel);
        await new AuditErasure(database).ForgetRequestAsync("r1", "ann", Reason, cancellationToken: Cancel);
        for (int i = 0; i < 600 && await kept.FindAsync("owner", ResponseStore.NameOf("r1"), Cancel) is not null; i++) await Task.Delay(50, Cancel);
        Assert.Null(await kept.FindAsync("owner", ResponseStore.NameOf("r1"), Cancel));
        await responses.StopAsync(Cancel);
    }

    // The verb, and the gateway in a process of its own.
    [Fact]
    public async Task TheVerbReachesARunningGateway()
    {
        Assert.SkipUnless(File.Exists(GatewayProcess.Program), $"{GatewayProcess.Program} is not built");
        using TemporaryFolder folder = new();
        await using StubUpstream upstream = await StubUpstream.StartAsync();
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        string address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}", trail = $"sqlite:{folder.At("audit.db")}";
        free.Stop();
        await File.WriteAllTextAsync(folder.At("gateway.yaml"), $$"""
            listen: {{address}}
            moderators: [ { kind: patterns, category: dangerous_behavior, keywords: [ forbidden ] } ]
            upstreams: [ { name: first, endpoint: "{{upstream.Endpoint}}" } ]
            models: [ { name: ours, upstreams: [ first ] } ]
            keys: [ { name: tester, hash: {{KeyRing.Hash(RunningGateway.Key)}} } ]
            audit: { trail: "{{trail}}", timeout: 60s }
            """, Cancel);
        await using GatewayProcess gateway = new(folder.At("gateway.yaml"), address);
        await gateway.StartAsync();
        using HttpClient http = new() { BaseAddress = new(address) };
        string one = await IdAsync(http, """{ "model": "ours", "input": "Hello", "user": "user-17" }""");
        string two = await IdAsync(http, """{ "model": "ours", "input": "Hello", "user": "user-18" }""");
        using Process forget = Process.Start("dotnet",
            [GatewayProcess.Program, "audit", "forget", trail, "--subject", "user-17", "--by", "ann", "--reason", Reason]);
        await forget.WaitForExitAsync(Cancel);
        Assert.Equal(0, forget.ExitCode);
        Assert.Equal((404, 200), (await StatusAsync(http, one), await StatusAsync(http, two)));
        Assert.Equal("previous_response_not_found", await CodeAsync(http, Follow("x", one)));
        Assert.Equal(0, await gateway.EndAsync());
    }

    private static string Follow(string text, string id) =>
        new JsonObject { ["model"] = "ours", ["input"] = text, ["previous_response_id"] = id }.ToJsonString();

    private static async Task<string> IdAsync(HttpClient http, string body)
    {
        (int status, JsonNode answer) = await PostAsync(http, body);
        Assert.True(status == 200, answer.ToJsonString());
        return answer["id"]!.GetValue<string>();
    }

    private static async Task<string?> CodeAsync(HttpClient http, string body) => (await PostAsync(http, body)).Body["error"]!["code"]?.GetValue<string>();

    private static async Task<(int Status, JsonNode Body)> PostAsync(HttpClient http, string body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/responses") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningGateway.Key);
        using HttpResponseMessage response = await http.SendAsync(request, Cancel);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!);
    }

    private static async Task<int> StatusAsync(HttpClient http, string id)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"/v1/responses/{id}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningGateway.Key);
        using HttpResponseMessage response = await http.SendAsync(request, Cancel);
        return (int)response.StatusCode;
    }
}
