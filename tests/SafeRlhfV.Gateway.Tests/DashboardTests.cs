using System.Net;
using System.Text;
using System.Text.Json.Nodes;

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

    private static async Task<JsonNode> DataAsync(RunningGateway gateway) => JsonNode.Parse(await gateway.Http.GetStringAsync("/dashboard/data"))!;

    private static async Task<int> ReviewAsync(RunningGateway gateway, string body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/dashboard/review") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-guard-dashboard", "1");
        using HttpResponseMessage response = await gateway.Http.SendAsync(request);
        return (int)response.StatusCode;
    }
}
