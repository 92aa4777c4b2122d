using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Audit;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed class TrailEventTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StartAndStopStandInTheTrail()
    {
        using TemporaryFolder folder = new();
        string trail = $"sqlite:{folder.At("kept.db")}";
        await using (RunningGateway gateway = await RunningGateway.StartAsync(trail: trail))
        {
            JsonObject start = await OneAsync(gateway, "start");
            Assert.Equal(("ours, both", "first, second", "tester, op, past, narrow"), (Text(start, "models"), Text(start, "upstreams"), Text(start, "keys")));
            Assert.Contains("patterns", Text(start, "moderators"));
            await gateway.EndAsync();
        }
        await using AuditDatabase database = AuditDatabase.Of(trail);
        AuditReader reader = new(database);
        Assert.Equal("stop", (await reader.LatestAsync(1, Cancel))[0].Kind);
        Assert.Empty((await reader.VerifyAsync(cancellationToken: Cancel)).Faults);
    }

    /// <summary>Who is asked for, who answered and with what; and no text: fingerprints stand for system prompt, history and tools.</summary>
    [Fact]
    public async Task TheRecordOfACallTellsWhatItWas()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        const string Body = """
            {"model":"ours","temperature":0.5,"user":"person-17","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"one"},
            {"role":"assistant","content":"two"},{"role":"user","content":"three"}],
            "tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}]}
            """;
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions");
        request.Content = new StringContent(Body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningGateway.Key);
        request.Headers.Add("x-request-id", "theirs-1");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        using HttpResponseMessage response = await gateway.Http.SendAsync(request, Cancel);
        Assert.Equal(200, (int)response.StatusCode);
        JsonObject end = await OneAsync(gateway, "end");
        JsonObject call = end["call"]!.AsObject();
        Assert.Equal(("person-17", "first", "theirs", "ours"),
            (Text(end, "endUser"), Text(call, "upstream"), Text(call, "upstreamModel"), Text(call, "model")));
        Assert.Equal(("theirs-1", "0af7651916cd43dd8448eb211c80319c"), (Text(call, "clientRequest"), Text(call, "trace")));
        Assert.Equal((15, 0.5), (call["tokens"]!.GetValue<long>(), call["parameters"]!["temperature"]!.GetValue<double>()));
        foreach (string name in (string[])["system", "history", "tools"]) Assert.Matches("^[0-9a-f]{64}$", Text(call, name));
        Assert.DoesNotContain("be kind", end.ToJsonString());
    }

    /// <summary>What a person was asked for is erased by the name that callers gave the person.</summary>
    [Fact]
    public async Task AnEndUserCanBeForgotten()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach (string user in (string[])["ann", "ben"])
        {
            string body = $$"""{"model":"ours","user":"{{user}}","messages":[{"role":"user","content":"Hello"}]}""";
            Assert.Equal(200, (await gateway.PostAsync("/v1/chat/completions", body)).Status);
        }
        string messages = """{"model":"ours","max_tokens":9,"metadata":{"user_id":"ann"},"messages":[{"role":"user","content":"Hello"}]}""";
        Assert.Equal(200, (await gateway.PostAsync("/v1/messages", messages)).Status);
        Assert.Equal(200, (await gateway.PostAsync("/v1/responses", """{"model":"ours","input":"Hello","safety_identifier":"ann"}""")).Status);
        Assert.Equal(200, (await gateway.PostAsync("/v1/embeddings", """{"model":"ours","input":"Hello","user":"ann"}""")).Status);
        await using AuditDatabase database = AuditDatabase.Of(gateway.Trail);
        AuditErasure.Result erased = await new AuditErasure(database).ForgetSubjectAsync("ann", "the officer", "asked for", cancellationToken: Cancel);
        Assert.Equal((4, 8), (erased.Requests, erased.Records));
        Assert.Empty((await new AuditReader(database).VerifyAsync(cancellationToken: Cancel)).Faults);
    }

    [Fact]
    public async Task RefusedRequestsAndUnknownCallersStandInTheTrail()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        Assert.Equal(400, (await gateway.PostAsync("/v1/chat/completions", """{"model":"ours","messages":[],"user":"secret"}""")).Status);
        JsonObject refused = await OneAsync(gateway, "refused");
        Assert.Equal(("tester", "/v1/chat/completions", 400), (Text(refused, "user"), Text(refused, "path"), refused["status"]!.GetValue<int>()));
        Assert.DoesNotContain("secret", refused.ToJsonString());

        for (int i = 0; i < 20; i++) Assert.Equal(401, (await gateway.ChatAsync("Hello", key: "guess")).Status);
        JsonObject[] denied = await FindAsync(gateway, "denied");
        Assert.InRange(denied.Length, 1, 5); // a record a second
        Assert.Equal(("127.0.0.1", "invalid_api_key"), (Text(denied[^1], "address").Replace("::ffff:", ""), Text(denied[^1], "code")));
        Assert.DoesNotContain("guess", denied[^1].ToJsonString());

        // The last of them are told too, though nobody else is turned away.
        long told = 0;
        for (int i = 0; i < 100 && told < 20; i++)
        {
            await Task.Delay(50, Cancel);
            told = (await FindAsync(gateway, "denied")).Sum(record => record["count"]!.GetValue<long>());
        }
        Assert.Equal(20, told);
    }

    [Fact]
    public async Task WhoWasTurnedAwayLastIsToldWhenTheGatewayEnds()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        for (int i = 0; i < 5; i++) Assert.Equal(401, (await gateway.ChatAsync("Hello", key: "guess")).Status);
        await gateway.EndAsync();
        Assert.Equal(5, (await FindAsync(gateway, "denied")).Sum(record => record["count"]!.GetValue<long>()));
    }

    [Fact]
    public async Task WhoSignsInAndLooksStandsInTheTrail()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        Assert.Equal(403, await LoginAsync(RunningGateway.Key));
        Assert.Equal("/dashboard/login", Text(await OneAsync(gateway, "denied"), "path"));
        Assert.Equal(200, await LoginAsync(RunningGateway.OperatorKey));
        Assert.Equal("op", Text(await OneAsync(gateway, "login"), "by"));
        for (int i = 0; i < 3; i++) await gateway.Http.GetStringAsync("/dashboard/data", Cancel);
        Assert.Equal(("op", "the review queue"), (Text(await OneAsync(gateway, "view"), "by"), Text(await OneAsync(gateway, "view"), "what")));
        await gateway.Http.GetStringAsync("/dashboard/export", Cancel);
        Assert.Equal("op", Text(await OneAsync(gateway, "export"), "by"));
        using HttpRequestMessage logout = new(HttpMethod.Post, "/dashboard/logout");
        await gateway.Http.SendAsync(logout, Cancel);

        async Task<int> LoginAsync(string key)
        {
            using HttpRequestMessage login = new(HttpMethod.Post, "/dashboard/login");
            login.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using HttpResponseMessage response = await gateway.Http.SendAsync(login, Cancel);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task AnotherPolicyStandsInTheTrail()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "name: one\nrounds: 2");
        (string, string, string)[] changes = [("name: two\nrounds: 1", "policy", "two@"), ("nonsense: 1", "fault", "nonsense")];
        foreach ((string text, string member, string expected) in changes)
        {
            await File.WriteAllTextAsync(gateway.Settings.Policy!, text, Cancel);
            for (int i = 0; i < 100; i++)
            {
                await gateway.ChatAsync("Hello");
                JsonObject[] found = await FindAsync(gateway, "policy", wait: false);
                if (found.Any(one => Text(one, member).Contains(expected, StringComparison.Ordinal))) break;
                Assert.NotEqual(99, i);
                await Task.Delay(100, Cancel);
            }
        }
    }

    private static string Text(JsonObject record, string name) => record[name]?.GetValue<string>() ?? "";

    private static async Task<JsonObject> OneAsync(RunningGateway gateway, string kind) => Assert.Single(await FindAsync(gateway, kind));

    // such records are written beside the answers
    private static async Task<JsonObject[]> FindAsync(RunningGateway gateway, string kind, bool wait = true)
    {
        await using AuditDatabase database = AuditDatabase.Of(gateway.Trail);
        for (int i = 0; ; i++)
        {
            JsonObject[] found = [.. (await new AuditReader(database).LatestAsync(1000, Cancel)).Reverse().Where(record => record.Kind == kind)
                .Select(record => JsonNode.Parse(record.Payload)!.AsObject())];
            if (found.Length > 0 || !wait || i == 100) return found;
            await Task.Delay(50, Cancel);
        }
    }
}
