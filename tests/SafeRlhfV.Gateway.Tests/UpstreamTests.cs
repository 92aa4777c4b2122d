using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway.Tests;

public sealed class UpstreamTests
{
    [Theory]
    [InlineData("dies", 502)]
    [InlineData("fails", 502)]
    [InlineData("hangs", 504)]
    [InlineData("garbage", 502)]
    [InlineData("no choices", 502)]
    [InlineData("duplicate names", 502)]
    [InlineData("empty", 502)]
    [InlineData("overloaded", 429)]
    [InlineData("wrong key", 502)]
    [InlineData("bad request", 400)]
    public async Task EveryFailureHasItsStatusAndIsAudited(string failure, int expected)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(upstream: failure == "hangs" ? "timeout: 1s," : "");
        gateway.Upstream.Behaviour = (http, _) => FailAsync(http, failure);
        foreach (bool stream in (bool[])[false, true])
        {
            (int status, JsonNode? body) = await gateway.ChatAsync("Hello", stream);
            Assert.Equal(expected, status);
            Assert.False(string.IsNullOrEmpty(body!["error"]!["message"]!.GetValue<string>()));
            Assert.DoesNotContain("upstream-secret", body.ToJsonString());
        }
        Assert.Equal(["ModelFailed", "ModelFailed"], await gateway.OutcomesAsync());
    }

    [Theory]
    [InlineData("dies")]
    [InlineData("fails")]
    [InlineData("hangs")]
    [InlineData("garbage")]
    [InlineData("overloaded")]
    [InlineData("wrong key")]
    public async Task TheNextUpstreamIsAsked(string failure)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(upstream: failure == "hangs" ? "timeout: 1s," : "");
        gateway.Upstream.Behaviour = (http, _) => FailAsync(http, failure);
        foreach (bool stream in (bool[])[false, true])
        {
            (int status, JsonNode? body) = await gateway.ChatAsync("Hello", stream, model: "both");
            Assert.Equal(200, status);
            Assert.Contains("well.", body!.ToJsonString());
        }
        Assert.Equal(["Passed", "Passed"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task AFailedCallIsTriedAgain()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, body) =>
            gateway.Upstream.Requests.Count == 1 ? FailAsync(http, "fails") : StubUpstream.AnswerAsync(http, body, "Fine.");
        Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
        Assert.Equal(2, gateway.Upstream.Requests.Count);
    }

    [Fact]
    public async Task AnUpstreamThatKeepsFailingIsLeftAloneAndTriedLater()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, _) => FailAsync(http, "fails");
        for (int i = 0; i < 8; i++) await gateway.ChatAsync("Hello");
        int asked = gateway.Upstream.Requests.Count;
        Assert.Equal(503, (await gateway.ChatAsync("Hello")).Status);
        Assert.Equal(asked, gateway.Upstream.Requests.Count);
        using HttpResponseMessage ready = await gateway.GetAsync("/readyz"); // the other model still answers
        Assert.Equal(200, (int)ready.StatusCode);
        Assert.Equal("ours", JsonNode.Parse(await ready.Content.ReadAsStringAsync())!["parts"]!["unavailable_models"]!.AsArray().Single()!.GetValue<string>());
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "Back.");
        await Task.Delay(1200);
        Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
        Assert.Equal(200, (int)(await gateway.GetAsync("/readyz")).StatusCode);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("no end")]
    [InlineData("garbage within")]
    [InlineData("silence")]
    [InlineData("error within")]
    public async Task AStreamThatBreaksEndsWithAnError(string failure)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(upstream: failure == "silence" ? "idle_timeout: 2s," : "");
        gateway.Upstream.Behaviour = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await StubUpstream.ChunkAsync(http, new JsonObject { ["content"] = "One is done. " });
            await StubUpstream.ChunkAsync(http, new JsonObject { ["content"] = "Two begins" });
            await Task.Delay(50);
            if (failure == "cut") http.Abort();
            if (failure == "garbage within") await StubUpstream.SendAsync(http, "{{{");
            if (failure == "error within") await StubUpstream.SendAsync(http, """{"error":{"message":"boom"}}""");
            if (failure == "silence") await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { });
        };
        (int status, JsonNode? body) = await gateway.ChatAsync("Hello", stream: true, model: "both");
        Assert.Equal(200, status);
        string text = body!.GetValue<string>();
        Assert.Contains("One is done.", text);
        Assert.DoesNotContain("Two begins", text);
        Assert.DoesNotContain("[DONE]", text);
        Assert.Contains("\"error\"", text);
        Assert.Empty(gateway.Second.Requests);
        Assert.Equal(["ModelFailed"], await gateway.OutcomesAsync());
    }

    private static async Task FailAsync(HttpContext http, string failure)
    {
        switch (failure)
        {
            case "dies": http.Abort(); break;
            case "fails": http.Response.StatusCode = 500; break;
            case "hangs": await Task.Delay(10_000, http.RequestAborted).ContinueWith(_ => { }); break;
            case "garbage": await http.Response.WriteAsync("<html>"); break;
            case "no choices": await http.Response.WriteAsync("{\"choices\":[]}"); break;
            case "duplicate names": await http.Response.WriteAsync("""{"choices":[{"message":{"content":"a","content":"b"}}]}"""); break;
            case "empty": break;
            case "overloaded": http.Response.StatusCode = 429; break;
            case "wrong key": http.Response.StatusCode = 401; break;
            case "bad request":
                http.Response.StatusCode = 400;
                await http.Response.WriteAsync("""{"error":{"message":"temperature is too high at https://me:upstream-secret@inside/v1"}}""");
                break;
            default: throw new ArgumentOutOfRangeException(nameof(failure));
        }
    }
}
