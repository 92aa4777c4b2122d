using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

public sealed class ConversationTests
{
    private const string Blocked = """
        {"model":"MODEL","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":[{"type":"text","text":"a forbidden question"}]},
         {"role":"assistant","content":null,"refusal":"I can't."},{"role":"user","content":"hello"}]}
        """;

    [Fact]
    public async Task ARefusedTurnGoesNeitherToTheGuardNorToTheModel()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await gateway.PostAsync("/v1/chat/completions",
            """{"model":"ours","messages":[{"role":"user","content":[{"type":"text","text":"a forbidden question"}]}]}""");
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", Blocked.Replace("MODEL", "ours"));
        Assert.Equal((200, "stop"), (status, answer!["choices"]![0]!["finish_reason"]!.GetValue<string>()));
        Assert.Equal(["Be kind.", "hello"],
            gateway.Upstream.Requests.Single()["messages"]!.AsArray().Select(message => message!["content"]!.GetValue<string>()));

        // Another caller's turn is judged.
        (_, answer) = await gateway.PostAsync("/v1/chat/completions", Blocked.Replace("MODEL", "ours"), RunningGateway.OperatorKey);
        Assert.Equal("content_filter", answer!["choices"]![0]!["finish_reason"]!.GetValue<string>());
        Assert.Equal(["PromptRefused", "Passed", "PromptRefused"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task ALooserPolicyJudgesARefusedTurnAnew()
    {
        const string Own = "own_categories: [ { name: code, severity: severe, keywords: [ falcon ] } ]\n";
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: Own + "name: strict");
        string body = Blocked.Replace("a forbidden question", "a falcon");
        await gateway.PostAsync("/v1/chat/completions",
            """{"model":"ours","messages":[{"role":"user","content":[{"type":"text","text":"a falcon"}]}]}""");
        Assert.Equal("stop", await FinishAsync(gateway, body, "ours"));
        Assert.Equal(2, gateway.Upstream.Requests.Last()["messages"]!.AsArray().Count);
        await File.WriteAllTextAsync(gateway.Settings.Policy!, "name: loose", TestContext.Current.CancellationToken);
        for (int i = 0; i < 100 && gateway.Upstream.Requests.Last()["messages"]!.AsArray().Count == 2; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            Assert.Equal("stop", await FinishAsync(gateway, body, "ours"));
        }
        Assert.Equal(4, gateway.Upstream.Requests.Last()["messages"]!.AsArray().Count); // the turn is said now
    }

    [Fact]
    public async Task ARouteSaysHowMuchIsJudged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(models: """
              - { name: fresh, upstreams: [ first ], check: { history: new } }
              - { name: two, upstreams: [ first ], check: { history: 2 } }
              - { name: trusting, upstreams: [ first ], check: { system: false }, parallel: true }
            """);
        Assert.Equal("stop", await FinishAsync(gateway, Blocked, "fresh"));
        Assert.Equal("content_filter", await FinishAsync(gateway, Blocked, "two"));
        string system = Blocked.Replace("a forbidden question", "hi").Replace("Be kind.", "forbidden");
        Assert.Equal("content_filter", await FinishAsync(gateway, system, "fresh"));
        Assert.Equal("stop", await FinishAsync(gateway, system, "trusting"));
        Assert.Equal("content_filter", await FinishAsync(gateway, Blocked, "trusting"));
    }

    [Theory]
    [InlineData("check: { history: 0 }")]
    [InlineData("check: { history: some }")]
    [InlineData("check: { histories: all }")]
    public async Task AnUnsoundRouteIsNamed(string route)
    {
        InvalidInputException error = await Assert.ThrowsAsync<InvalidInputException>(() =>
            RunningGateway.StartAsync(models: $"  - {{ name: odd, upstreams: [ first ], {route} }}"));
        Assert.Contains("histor", error.Message, StringComparison.Ordinal);
    }

    private static async Task<string> FinishAsync(RunningGateway gateway, string body, string model)
    {
        (_, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", body.Replace("MODEL", model));
        return answer!["choices"]![0]!["finish_reason"]!.GetValue<string>();
    }
}
