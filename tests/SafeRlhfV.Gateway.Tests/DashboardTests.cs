using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace SafeRlhfV.Gateway.Tests;

public sealed class DashboardTests
{
    [Fact]
    public async Task WithoutTheRoleNothingIsShown()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach (string path in (string[])["/dashboard/data", "/dashboard/export", "/dashboard/images/x"])
            Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.GetAsync(path)).StatusCode);
        Assert.Equal(401, (await gateway.PostAsync("/dashboard/login", "", "wrong")).Status);
        Assert.Equal(403, (await gateway.PostAsync("/dashboard/login", "")).Status);
        Assert.Equal(401, (await gateway.PostAsync("/dashboard/review", "{}", RunningGateway.OperatorKey)).Status);
        using HttpResponseMessage page = await gateway.GetAsync("/dashboard", null);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task WhatWasDecidedIsShownAndReviewed()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("", policy: "rounds: 1", audit: ", texts: keep");
        await gateway.ChatAsync("Hello");
        await gateway.ChatAsync("a forbidden question");
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "a forbidden answer");
        await gateway.ChatAsync("Hi");
        Assert.Equal(200, (await gateway.PostAsync("/dashboard/login", "", RunningGateway.OperatorKey)).Status);
        JsonNode data = await DataAsync(gateway);
        Assert.Equal((1, 1, 1), (data["outcomes"]!["Passed"]!.GetValue<int>(), data["outcomes"]!["PromptRefused"]!.GetValue<int>(),
            data["outcomes"]!["AnswerRefused"]!.GetValue<int>()));
        Assert.Equal(3, data["flagged"]!["dangerous_behavior"]!["Severe"]!.GetValue<int>());
        Assert.Equal([1, 2], [data["minutes"]!.AsArray().Sum(minute => minute![0]!.GetValue<int>()),
            data["minutes"]!.AsArray().Sum(minute => minute![1]!.GetValue<int>())]);
        JsonNode[] queue = [.. data["queue"]!.AsArray().Select(entry => entry!)];
        Assert.Equal(["a forbidden answer", null], queue.Select(entry => entry["answer"]?.GetValue<string>()));
        Assert.Equal(["Hi", "a forbidden question"], queue.Select(entry => entry["question"]?.GetValue<string>()));

        string review = new JsonObject { ["request"] = queue[1]["request"]!.DeepClone(), ["unsafe"] = false, ["category"] = "false_information" }
            .ToJsonString();
        Assert.Equal(403, (await gateway.PostAsync("/dashboard/review", review)).Status); // another site could send this much
        Assert.Equal(200, await ReviewAsync(gateway, review));
        Assert.Equal(400, await ReviewAsync(gateway, review.Replace("false_information", "nothing")));
        Assert.Equal(404, await ReviewAsync(gateway, """{"request":"nothing","unsafe":true}"""));
        data = await DataAsync(gateway);
        Assert.Single(data["queue"]!.AsArray());
        Assert.False(data["labelled"]![0]!["unsafe"]!.GetValue<bool>());
        JsonNode row = JsonNode.Parse(await gateway.Http.GetStringAsync("/dashboard/export"))!;
        Assert.Equal(("a forbidden question", "false_information", "yes"),
            (row["question"]!.GetValue<string>(), row["category"]!.GetValue<string>(), row["is_response_safe"]!.GetValue<string>()));
        await gateway.OutcomesAsync();

        Assert.Equal(204, (int)(await gateway.Http.PostAsync("/dashboard/logout", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.GetAsync("/dashboard/data")).StatusCode);
    }

    // What was refused, not the innocent question beside it, becomes a training row.
    [Theory]
    [InlineData("system", "")]
    [InlineData("assistant", "")]
    [InlineData("tool", ", \"tool_call_id\": \"1\"")]
    public async Task AReviewExportsWhatWasRefused(string role, string more)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(audit: ", texts: keep");
        string body = $$"""
            {"model": "ours", "messages": [{"role": "{{role}}", "content": "something forbidden"{{more}}}, {"role": "user", "content": "What is the weather?"}]}
            """;
        (_, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", body);
        Assert.Equal("content_filter", answer!["choices"]![0]!["finish_reason"]!.GetValue<string>());
        await gateway.PostAsync("/dashboard/login", "", RunningGateway.OperatorKey);
        JsonNode entry = (await DataAsync(gateway))["queue"]![0]!;
        Assert.Contains("something forbidden", entry["question"]!.GetValue<string>());
        Assert.Equal(200, await ReviewAsync(gateway, new JsonObject { ["request"] = entry["request"]!.DeepClone(), ["unsafe"] = true }.ToJsonString()));
        JsonNode row = JsonNode.Parse(await gateway.Http.GetStringAsync("/dashboard/export", TestContext.Current.CancellationToken))!;
        Assert.Contains("something forbidden", row["question"]!.GetValue<string>());
        Assert.Equal("no", row["is_response_safe"]!.GetValue<string>());
    }

    // More than the 4,000 records that the tables are made of.
    [Fact]
    public async Task TheLastHourIsCountedWhole()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await gateway.ChatAsync("Hello");
        await using (SqliteConnection connection = new($"Data Source={gateway.File};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using SqliteCommand copy = new("""
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
                INSERT INTO guard_audit (sequence, kind, request, at, payload, previous, hash)
                SELECT 1000 + i, kind, request, at, payload, previous, hash FROM n, (SELECT * FROM guard_audit WHERE kind = 'end')
                """, connection);
            await copy.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await gateway.PostAsync("/dashboard/login", "", RunningGateway.OperatorKey);
        Assert.Equal(9001, (await DataAsync(gateway))["minutes"]!.AsArray().Sum(minute => minute![0]!.GetValue<int>()));
    }

    private static async Task<JsonNode> DataAsync(RunningGateway gateway) => JsonNode.Parse(await gateway.Http.GetStringAsync("/dashboard/data"))!;

    private static async Task<int> ReviewAsync(RunningGateway gateway, string body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/dashboard/review") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-guard-dashboard", "1");
        using HttpResponseMessage response = await gateway.Http.SendAsync(request);
        return (int)response.StatusCode;
    }
}
