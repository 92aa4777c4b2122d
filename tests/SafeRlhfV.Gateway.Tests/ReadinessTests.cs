using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

/// <summary><c>/readyz</c> says what a caller would find.</summary>
public sealed class ReadinessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // A full disk can still be read. The triggers say what SQLite says then; the first case has no request that could have shown it.
    [Theory]
    [InlineData("guard_audit_probe", false)]
    [InlineData("guard_audit", true)]
    public async Task AFullDiskIsNotReady(string table, bool isAsked)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        Assert.Equal(200, (await ReadyAsync(gateway)).Status);
        await gateway.ExecuteAsync($"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");
        if (isAsked) Assert.Equal(503, (await gateway.ChatAsync("Hello")).Status);
        else await Task.Delay(1100, Cancel);
        (int status, JsonNode parts) = await ReadyAsync(gateway);
        Assert.Equal((503, "unavailable"), (status, parts["audit"]!.GetValue<string>()));
        await gateway.ExecuteAsync("DROP TRIGGER full");
        Assert.Equal(200, (await ReadyAsync(gateway)).Status); // though a balancer has sent nothing meanwhile
        Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
        await gateway.OutcomesAsync();
    }

    [Fact]
    public async Task OneDeadModelLeavesTheOthersReady()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(upstream: "break: 60s"); // after it one counts as well again
        gateway.Upstream.Behaviour = (http, _) => FailAsync(http);
        for (int i = 0; i < 12; i++) await gateway.ChatAsync("Hello");
        (int status, JsonNode parts) = await ReadyAsync(gateway);
        Assert.Equal((200, "partly unavailable"), (status, parts["upstreams"]!.GetValue<string>()));
        gateway.Second.Behaviour = (http, _) => FailAsync(http);
        for (int i = 0; i < 12; i++) await gateway.ChatAsync("Hello", model: "both");
        (status, parts) = await ReadyAsync(gateway);
        Assert.Equal((503, "unavailable"), (status, parts["upstreams"]!.GetValue<string>()));
    }

    [Fact]
    public async Task AnUpstreamOutOfReachIsNotReadyAfterItsFirstCall()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(upstream: "break: 60s");
        await gateway.Second.DisposeAsync();
        await gateway.Upstream.DisposeAsync();
        Assert.Equal(502, (await gateway.ChatAsync("Hello")).Status);
        (int status, JsonNode parts) = await ReadyAsync(gateway);
        Assert.Equal((200, "[\"ours\"]"), (status, parts["unavailable_models"]!.ToJsonString()));
        Assert.Equal(502, (await gateway.ChatAsync("Hello", model: "both")).Status);
        (status, parts) = await ReadyAsync(gateway);
        Assert.Equal((503, "unavailable"), (status, parts["upstreams"]!.GetValue<string>()));
    }

    [Fact]
    public async Task ADeadModeratorIsNotReadyAndLogged()
    {
        await using StubUpstream judge = await StubUpstream.StartAsync();
        await using RunningGateway gateway = await RunningGateway.StartAsync("moderation_timeout: 60s",
            moderators: $$"""  - { kind: judge, endpoint: "{{judge.Endpoint}}", model: judge }""");
        judge.Behaviour = (http, _) => FailAsync(http, 401);
        (int status, JsonNode parts) = await ReadyAsync(gateway);
        Assert.Equal((503, "failing"), (status, parts["moderators"]!.GetValue<string>()));
        Assert.Contains(gateway.Log.Lines, line => line.StartsWith("Requests are refused: the moderator", StringComparison.Ordinal));
        judge.Behaviour = (http, body) =>
            StubUpstream.AnswerAsync(http, body, """{"unsafe": false, "probability": 0.1, "severity": "none", "categories": []}""");
        (status, parts) = await ReadyAsync(gateway);
        Assert.True(status == 200, parts.ToJsonString() + string.Join('\n', gateway.Log.Lines));
        Assert.Contains("The moderators judge again.", gateway.Log.Lines);
    }

    // It says nothing about what was asked or answered: no refusal, on no wire, and whoever tries again may pass.
    [Theory]
    [InlineData("/v1/chat/completions", """{ "model": "ours", "messages": [ { "role": "user", "content": "Hello" } ] }""")]
    [InlineData("/v1/responses", """{ "model": "ours", "input": "Hello" }""")]
    [InlineData("/v1/messages", """{ "model": "ours", "max_tokens": 9, "messages": [ { "role": "user", "content": "Hello" } ] }""")]
    [InlineData("/v1/embeddings", """{ "model": "ours", "input": "Hello" }""")]
    public async Task ADeadModeratorIsNoRefusal(string path, string body)
    {
        await using StubUpstream judge = await StubUpstream.StartAsync();
        await using RunningGateway gateway = await RunningGateway.StartAsync("moderation_timeout: 60s",
            moderators: $$"""  - { kind: judge, endpoint: "{{judge.Endpoint}}", model: judge }""");
        judge.Behaviour = (http, _) => FailAsync(http, 401);
        foreach (string stream in path == "/v1/embeddings" ? (string[])["{}"] : ["{}", """{ "stream": true }"""])
        {
            using HttpResponseMessage response = await gateway.SendAsync(path, RunningGateway.With(body, stream).ToJsonString());
            Assert.Equal(503, (int)response.StatusCode);
            Assert.NotNull(response.Headers.RetryAfter);
            Assert.Contains("The check could not be made", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        Assert.Empty(gateway.Upstream.Requests);
        Assert.All(await gateway.OutcomesAsync(), outcome => Assert.Equal("PromptRefused", outcome));
    }

    [Fact]
    public async Task AModeratorThatDiesWithinAStreamEndsItWithAnError()
    {
        await using StubUpstream judge = await StubUpstream.StartAsync();
        await using RunningGateway gateway = await RunningGateway.StartAsync("moderation_timeout: 60s",
            moderators: $$"""  - { kind: judge, endpoint: "{{judge.Endpoint}}", model: judge }""");
        judge.Behaviour = (http, body) => body.ToJsonString().Contains("Third", StringComparison.Ordinal)
            ? FailAsync(http, 401)
            : StubUpstream.AnswerAsync(http, body, """{"unsafe": false, "probability": 0.1, "severity": "none", "categories": []}""");
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "First. Second. Third. Fourth.");
        using HttpResponseMessage response = await gateway.SendAsync("/v1/chat/completions",
            """{ "model": "ours", "stream": true, "messages": [ { "role": "user", "content": "Hello" } ] }""");
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("First.", text);
        Assert.DoesNotContain("Third.", text);
        Assert.DoesNotContain("content_filter", text);
        Assert.Contains("moderator_failed", text);
    }

    [Fact]
    public async Task AnEmptyPolicyKeepsTheOneInForceAndIsTold()
    {
        const string Strict = "name: strict\nanswer: block\nprompt: { minor: block, moderate: block, severe: block }\nrounds: 1\n";
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: Strict);
        string before = (await ReadyAsync(gateway)).Parts["policy_version"]!.GetValue<string>();
        await File.WriteAllTextAsync(gateway.Settings.Policy!, "", Cancel);
        JsonNode parts = (await ReadyAsync(gateway)).Parts;
        for (int i = 0; i < 600 && parts["policy"]!.GetValue<string>() == "ok"; i++)
        {
            await Task.Delay(100, Cancel);
            parts = (await ReadyAsync(gateway)).Parts;
        }
        Assert.Equal(before, parts["policy_version"]!.GetValue<string>());
        Assert.NotEqual("ok", parts["policy"]!.GetValue<string>());
        Assert.Contains(gateway.Log.Lines, line => line.StartsWith("The policy stays as it is: ", StringComparison.Ordinal));
        await File.WriteAllTextAsync(gateway.Settings.Policy!, Strict.Replace("rounds: 1", "rounds: 3"), Cancel);
        for (int i = 0; i < 600 && parts["policy_version"]!.GetValue<string>() == before; i++)
        {
            await Task.Delay(100, Cancel);
            parts = (await ReadyAsync(gateway)).Parts;
        }
        Assert.Equal("ok", parts["policy"]!.GetValue<string>());
        Assert.NotEqual(before, parts["policy_version"]!.GetValue<string>());
    }

    [Fact]
    public async Task WhoGivesUpWithinTheBodyIsNoDefect()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach (bool isReset in (bool[])[false, true])
        {
            using System.Net.Sockets.TcpClient caller = new();
            await caller.ConnectAsync("127.0.0.1", gateway.Http.BaseAddress!.Port, Cancel);
            await caller.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {RunningGateway.Key}\r\n"
                + "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"model\""), Cancel);
            await Task.Delay(200, Cancel);
            if (isReset) caller.LingerState = new(true, 0);
        }
        await Task.Delay(300, Cancel);
        Assert.DoesNotContain(gateway.Log.Lines,
            line => line.Contains("   at ", StringComparison.Ordinal) || line.Contains("defect", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatNobodyWaitedForIsCounted()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, _) => FailAsync(http);
        Assert.Equal(502, (await gateway.ChatAsync("Hello")).Status);
        Assert.Equal(502, (await gateway.ChatAsync("Hello", stream: true)).Status);
        TaskCompletionSource asked = new();
        gateway.Upstream.Behaviour = async (http, _) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        using CancellationTokenSource leave = new();
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"ours","messages":[{"role":"user","content":"Hello"}]}"""),
            Headers = { Authorization = new("Bearer", RunningGateway.Key) },
        };
        Task<HttpResponseMessage> call = gateway.Http.SendAsync(request, leave.Token);
        await asked.Task;
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        string metrics = "";
        for (int i = 0; i < 3000 && !metrics.Contains("Abandoned", StringComparison.Ordinal); i++)
        {
            await Task.Delay(20, Cancel);
            metrics = await (await gateway.GetAsync("/metrics", RunningGateway.OperatorKey)).Content.ReadAsStringAsync(Cancel);
        }
        Assert.Contains("gateway_outcomes_total{outcome=\"ModelFailed\"} 2", metrics);
        Assert.Contains("gateway_outcomes_total{outcome=\"Abandoned\"} 1", metrics);
    }

    // A moderator that answers 401 is not asked again at once, so that no test waits, or depends on how long it waits.
    private static Task FailAsync(Microsoft.AspNetCore.Http.HttpContext http, int status = 500)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static async Task<(int Status, JsonNode Parts)> ReadyAsync(RunningGateway gateway)
    {
        using HttpResponseMessage response = await gateway.GetAsync("/readyz", null);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["parts"]!);
    }
}
