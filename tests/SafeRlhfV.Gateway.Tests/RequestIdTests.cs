using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway.Tests;

public sealed class RequestIdTests
{
    [Theory]
    [InlineData("my-request.1:a/b", true)]
    [InlineData("a b", false)]
    [InlineData("{\"a\":1}", false)]
    [InlineData(null, false)]
    public async Task ACallersIdIsTakenOverAndReturned(string? id, bool isSound)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (string, string)[] asked = [("/v1/models", RunningGateway.Key), ("/v1/models", "unknown"), ("/nowhere", RunningGateway.Key)];
        foreach ((string path, string key) in asked)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            if (id is not null) request.Headers.Add("x-request-id", id);
            using HttpResponseMessage response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
            string returned = Assert.Single(response.Headers.GetValues("x-request-id"));
            if (isSound) Assert.Equal(id, returned);
            else Assert.Matches("^[0-9a-f]{32}$", returned);
            if (response.IsSuccessStatusCode) continue;
            JsonNode body = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
            Assert.Equal(returned, body["request_id"]!.GetValue<string>());
        }
    }

    /// <summary>A failing upstream is in the log with the request's id, once in ten seconds, and without a word of what was asked or of any key.</summary>
    [Theory]
    [InlineData(401, "The upstream 'first' refuses the gateway's key (status 401).")]
    [InlineData(403, "The upstream 'first' refuses the gateway's key (status 403).")]
    [InlineData(500, "The upstream 'first' fails: The model has failed. It answered with status 500.")]
    [InlineData(429, "The upstream 'first' fails: The model is overloaded. It answered with status 429.")]
    [InlineData(400, null)]
    public async Task AFailingUpstreamIsLogged(int status, string? line)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, _) =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync("""{"error":{"message":"no: my secret words"}}""");
        };
        string id = "r-" + status;
        for (int i = 0; i < 3; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions");
            string body = """{"model":"ours","messages":[{"role":"user","content":"my secret words"}]}""";
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RunningGateway.Key);
            request.Headers.Add("x-request-id", id);
            using HttpResponseMessage response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.False(response.IsSuccessStatusCode);
        }
        string[] told = [.. gateway.Log.Scoped.Where(text => text.Contains("upstream", StringComparison.Ordinal))];
        if (line is null) Assert.Empty(told);
        else Assert.Equal($"request {id}: {line}", Assert.Single(told));
        Assert.DoesNotContain(gateway.Log.Scoped,
            text => text.Contains("secret", StringComparison.Ordinal) || text.Contains(RunningGateway.Key, StringComparison.Ordinal));
    }
}
