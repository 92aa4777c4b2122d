using System.Text;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

public sealed class EncodedTextTests
{
    private const string Chat = """{"model":"ours","messages":[{"role":"user","content":"TEXT"}]}""";
    private const string Arguments = """
        {"model":"ours","messages":[{"role":"user","content":"go on"},{"role":"assistant","tool_calls":[{"id":"c","type":"function",
         "function":{"name":"f","arguments":"{\"a\":\"TEXT\"}"}}]},{"role":"tool","tool_call_id":"c","content":"TEXT"},{"role":"user","content":"more"}]}
        """;

    // What is encoded too many times over, and words in a disguise, on each wire: neither reaches the upstream, and the gateway stays ready.
    [Theory]
    [InlineData("/v1/chat/completions", Chat)]
    [InlineData("/v1/chat/completions", Arguments)]
    [InlineData("/v1/messages", """{"model":"ours","max_tokens":9,"messages":[{"role":"user","content":"TEXT"}]}""")]
    [InlineData("/v1/responses", """{"model":"ours","input":"TEXT"}""")]
    [InlineData("/v1/embeddings", """{"model":"ours","input":"TEXT"}""")]
    public async Task NoWirePassesWhatCannotBeDecodedOrIsDisguised(string path, string body)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string nested = "forbidden";
        for (int i = 0; i < 12; i++) nested = Convert.ToBase64String(Encoding.UTF8.GetBytes(nested));
        string lines = string.Join("\\r\\n", Convert.ToBase64String("the forbidden word is meant"u8).Chunk(16).Select(line => new string(line)));
        // where one window would end and the next one begin
        string torn = $"{string.Concat(Enumerable.Repeat("leaf ", 2150))}forbid{new string('\u200b', 1300)}den";
        foreach (string text in (string[])[nested, "for-bidden", "f.o.r.b.i.d.d.e.n", "a f o r b i d d e n", lines, torn])
        {
            (int status, JsonNode? answer) = await gateway.PostAsync(path, body.Replace("TEXT", text, StringComparison.Ordinal));
            Assert.True(status is 200 or 400, answer?.ToJsonString());
            if (text == nested) Assert.Contains("encoded more than 8 times over", answer!.ToJsonString());
        }
        Assert.Empty(gateway.Upstream.Requests);
        Assert.All(await gateway.OutcomesAsync(), outcome => Assert.Equal("PromptRefused", outcome));
        Assert.Equal(200, (int)(await gateway.GetAsync("/readyz")).StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnAnswerThatCannotBeDecodedDoesNotLeave(bool isStream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string nested = "forbidden";
        for (int i = 0; i < 12; i++) nested = Convert.ToBase64String(Encoding.UTF8.GetBytes(nested));
        gateway.Upstream.Behaviour = (http, sent) => StubUpstream.AnswerAsync(http, sent, nested);
        using HttpResponseMessage answer = await gateway.SendAsync("/v1/chat/completions",
            Chat.Replace("TEXT", "hello", StringComparison.Ordinal).Replace("\"model\"", $"\"stream\":{(isStream ? "true" : "false")},\"model\""));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain(nested[..40], text);
        Assert.Contains("content_filter", text);
        Assert.Single(gateway.Upstream.Requests);
    }
}
