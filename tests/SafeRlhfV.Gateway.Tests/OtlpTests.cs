using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace SafeRlhfV.Gateway.Tests;

public sealed class OtlpTests
{
    [Fact]
    public async Task FiguresAreSentToACollector()
    {
        ConcurrentQueue<(string? Type, byte[] Body)> received = [];
        await using WebApplication collector = await CollectorAsync(received);
        await using (RunningGateway gateway =
            await RunningGateway.StartAsync($"telemetry: {{ otlp: {{ endpoint: \"{collector.Urls.First()}/v1/metrics\", interval: 200ms }} }}"))
        {
            Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
            Assert.Equal(200, (await gateway.ChatAsync("a forbidden question")).Status);
            for (int i = 0; i < 200 && !received.Any(one => Holds(one.Body, "PromptRefused")); i++) await Task.Delay(50);
        }
        (string? type, byte[] body) = received.First(one => Holds(one.Body, "PromptRefused"));
        Assert.Equal("application/x-protobuf", type);
        foreach (string part in (string[])["SafeRlhfV.Gateway", "gateway_outcomes_total", "gateway_request_seconds", "Passed", "dangerous_behavior"])
            Assert.True(Holds(body, part), part);
        Assert.False(Holds(body, "forbidden question"));
    }

    /// <summary>A trace holds the request, the chat and each moderator's part, by the names of the conventions, and no word of the texts.</summary>
    [Fact]
    public async Task TracesAreSentToACollector()
    {
        ConcurrentQueue<(string? Type, byte[] Body)> received = [];
        await using WebApplication collector = await CollectorAsync(received);
        string address = collector.Urls.First();
        await using (RunningGateway gateway = await RunningGateway.StartAsync(
            $"telemetry: {{ otlp: {{ endpoint: \"{address}/v1/metrics\", traces: \"{address}/v1/traces\", interval: 200ms }} }}"))
        {
            Assert.Equal(200, (await gateway.ChatAsync("a forbidden question")).Status);
            Assert.Equal(200, (await gateway.ChatAsync("Hello", stream: true)).Status);
            for (int i = 0; i < 200 && !received.Any(one => Holds(one.Body, "gen_ai.security.finding")); i++) await Task.Delay(50);
        }
        byte[] body = [.. received.SelectMany(one => one.Body)];
        foreach (string part in (string[])["chat ours", "run_guardrail ", "gen_ai.security.finding", "gen_ai.security.risk.finding",
            "POST /v1/chat/completions",
            "gen_ai.client.operation.duration", "saferlhfv.guard.decisions"])
            Assert.True(Holds(body, part), part);
        Assert.False(Holds(body, "forbidden question"));
    }

    // A collector that is not there is no reason to keep anybody waiting.
    [Fact]
    public async Task ACollectorThatIsAwayChangesNothing()
    {
        await using RunningGateway gateway =
            await RunningGateway.StartAsync("telemetry: { otlp: { endpoint: \"http://127.0.0.1:1/v1/metrics\", interval: 100ms, timeout: 200ms } }");
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await gateway.ChatAsync("Hello")).Status);
            await Task.Delay(60);
        }
    }

    private static bool Holds(byte[] body, string text) => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    private static async Task<WebApplication> CollectorAsync(ConcurrentQueue<(string?, byte[])> received)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        WebApplication app = builder.Build();
        app.MapPost("/v1/{kind}", async http =>
        {
            using MemoryStream body = new();
            await http.Request.Body.CopyToAsync(body);
            received.Enqueue((http.Request.ContentType, body.ToArray()));
        });
        await app.StartAsync();
        return app;
    }
}
