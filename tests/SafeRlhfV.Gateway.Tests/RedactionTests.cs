using System.Text.Json.Nodes;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway.Tests;

public sealed class RedactionTests
{
    private const string Body = """
        {"model":"ours","stream":STREAM,"user":"bob@example.org","messages":[
          {"role":"system","content":"Call +49 30 1234567 first."},
          {"role":"user","content":[{"type":"text","text":"I am bob@exam"},{"type":"text","text":"ple.org."},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,IMAGE"}}]},
          {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function",
            "function":{"name":"find","arguments":"{\"who\":\"bob\\u0040example.org\"}"}}]},
          {"role":"tool","tool_call_id":"call_1","content":"{\"card\":4111111111111111}"},
          {"role":"user","content":"Go on."}],
         "tools":[{"type":"function","function":{"name":"find","description":"asks admin@example.org","parameters":{"type":"object"}}}]}
        """;

    private const string Image =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheUpstreamAndTheTrailSeePlaceholdersAndTheCallerTheData(bool isStream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "redact: { kinds: [ all ] }", audit: ", texts: keep");
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "To [EMAIL_1] and [ EMAIL_1] it is",
            [StubUpstream.Call("call_2", "send", """{"to":"[EMAIL_1]"}""")]);
        using HttpResponseMessage response = await gateway.SendAsync("/v1/chat/completions",
            Body.Replace("STREAM", isStream ? "true" : "false").Replace("IMAGE", Image));
        string answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, answer);
        (string text, string arguments) = Read(answer, isStream);
        Assert.Equal("To bob@example.org and [ EMAIL_1] it is", text);
        Assert.Equal("""{"to":"bob@example.org"}""", arguments);

        JsonObject sent = gateway.Upstream.Requests.Single();
        Assert.Equal("bob@example.org", sent["user"]!.GetValue<string>()); // the service's name for the caller; no model reads it
        sent.Remove("user");
        string seen = sent.ToJsonString();
        Assert.DoesNotContain("example.org", seen);
        Assert.DoesNotContain("4111", seen);
        Assert.DoesNotContain("1234567", seen);
        JsonArray messages = (JsonArray)sent["messages"]!;
        JsonArray parts = (JsonArray)messages[1]!["content"]!;
        Assert.Equal(("I am [EMAIL_1]", "."), (parts[0]!["text"]!.GetValue<string>(), parts[1]!["text"]!.GetValue<string>()));
        Assert.StartsWith("data:image/png;base64,", messages[1]!["content"]![2]!["image_url"]!["url"]!.GetValue<string>());
        Assert.Equal("""{"who":"[EMAIL_1]"}""", messages[2]!["tool_calls"]![0]!["function"]!["arguments"]!.GetValue<string>());
        Assert.Equal("call_1", messages[3]!["tool_call_id"]!.GetValue<string>());

        await gateway.EndAsync();
        await using AuditDatabase database = AuditDatabase.Of(gateway.Trail);
        AuditRecord end = (await new AuditReader(database).LatestAsync(10)).First(record => record.Kind == "end");
        JsonNode prompt = JsonNode.Parse(end.Payload)!["prompt"]!;
        Assert.Equal("Redact", prompt["action"]!.GetValue<string>());
        Assert.Equal(1, prompt["redacted"]!["phone"]!.GetValue<int>());
        byte[] file = await File.ReadAllBytesAsync(gateway.File);
        Assert.False(file.AsSpan().IndexOf("example.org"u8) >= 0, "the trail's file holds the data");
    }

    [Fact]
    public async Task ARegeneratedRequestIsRedactedToo()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "rounds: 1\nredact: { kinds: [ email ] }");
        gateway.Upstream.Behaviour = (http, body) =>
            StubUpstream.AnswerAsync(http, body, gateway.Upstream.Requests.Count == 1 ? "forbidden" : "All is well, [EMAIL_1].");
        (int status, JsonNode? answer) = await gateway.ChatAsync("I am bob@example.org.");
        Assert.Equal((200, "All is well, bob@example.org."), (status, answer!["choices"]![0]!["message"]!["content"]!.GetValue<string>()));
        Assert.Equal(2, gateway.Upstream.Requests.Count);
        Assert.All(gateway.Upstream.Requests, sent => Assert.StartsWith("I am [EMAIL_1].", sent["messages"]!.AsArray()[^1]!["content"]!.GetValue<string>()));
        Assert.Contains("withheld", gateway.Upstream.Requests.Last()["messages"]!.AsArray()[^1]!["content"]!.GetValue<string>());
    }

    private static (string Text, string Arguments) Read(string answer, bool isStream)
    {
        if (!isStream)
        {
            JsonNode message = JsonNode.Parse(answer)!["choices"]![0]!["message"]!;
            return (message["content"]!.GetValue<string>(), message["tool_calls"]![0]!["function"]!["arguments"]!.GetValue<string>());
        }
        string text = "", arguments = "";
        foreach (string line in answer.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)))
        {
            if (JsonNode.Parse(line[6..])!["choices"] is not JsonArray { Count: > 0 } choices) continue;
            text += choices[0]!["delta"]?["content"]?.GetValue<string>();
            arguments += choices[0]!["delta"]?["tool_calls"]?[0]?["function"]?["arguments"]?.GetValue<string>();
        }
        return (text, arguments);
    }
}
