using System.Net;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>A gateway that is told to end says so, still answers, and finishes what is under way.</summary>
public sealed class DrainTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AGatewayThatEndsIsNotReadyAndStillAnswers()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("shutdown: { drain: 5s }");
        Assert.Equal(HttpStatusCode.OK, (await gateway.GetAsync("/readyz", null)).StatusCode);
        using HttpResponseMessage before = await gateway.GetAsync("/v1/models");
        Assert.Null(before.Headers.ConnectionClose);

        Task end = gateway.EndAsync();
        using HttpResponseMessage ready = await gateway.GetAsync("/readyz", null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("draining", JsonNode.Parse(await ready.Content.ReadAsStringAsync(Cancel))!["status"]!.GetValue<string>());
        using HttpResponseMessage answered = await gateway.GetAsync("/v1/models"), refused = await gateway.GetAsync("/v1/models", "unknown");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (answered.StatusCode, refused.StatusCode));
        Assert.All([ready, answered, refused], response => Assert.True(response.Headers.ConnectionClose));
        await end;
        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.GetAsync("/v1/models"));
    }

    [Fact]
    public async Task WhatIsUnderWayIsFinishedAndRecorded()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        TaskCompletionSource asked = new(), go = new();
        gateway.Upstream.Behaviour = async (http, body) =>
        {
            asked.SetResult();
            await go.Task;
            await StubUpstream.AnswerAsync(http, body, "All is well.");
        };
        Task<(int Status, JsonNode? Body)> call = gateway.ChatAsync("Hello");
        await asked.Task;
        Task end = gateway.EndAsync(); // without a drain the door closes at once
        await Task.Delay(200, Cancel);
        Assert.False(end.IsCompleted);
        go.SetResult();
        Assert.Equal(200, (await call).Status);
        await end;
        Assert.Equal(["Passed"], await gateway.OutcomesAsync());
    }
}
