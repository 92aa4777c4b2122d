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

    private const string Named = """
        {"model":"ours","messages":[{"role":"user","name":"DATA","content":"hi"}],"user":"DATA","safety_identifier":"DATA","prompt_cache_key":"DATA",
         "metadata":{"DATA":"DATA"},"request_id":"DATA","cache_salt":"DATA","documents":[{"text":"DATA"}]}
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
        Assert.StartsWith("redacted-", sent["user"]!.GetValue<string>()); // tells callers apart all the same
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

    // In each member that names the caller, on each wire: what has data in it does not leave, and what has none stays as it is.
    [Theory]
    [InlineData("/v1/chat/completions", Named)]
    [InlineData("/v1/messages", """{"model":"ours","max_tokens":9,"metadata":{"user_id":"DATA"},"messages":[{"role":"user","content":"DATA"}]}""")]
    [InlineData("/v1/responses",
        """{"model":"ours","input":"hi","user":"DATA","safety_identifier":"DATA","prompt_cache_key":"DATA","metadata":{"a":"DATA"}}""")]
    [InlineData("/v1/embeddings", """{"model":"ours","input":"DATA","user":"DATA"}""")]
    public async Task NoMemberThatNamesTheCallerLeavesWithData(string path, string body)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "redact: { kinds: [ all ] }");
        foreach (string data in (string[])["bob@example.org", "b\u200bob@exam\u200bple.o\u2060rg", "ｂｏｂ＠ｅｘａｍｐｌｅ．ｏｒｇ", "bob@example。org", "tenant 7"])
        {
            (int status, JsonNode? answer) = await gateway.PostAsync(path, body.Replace("DATA", data, StringComparison.Ordinal));
            Assert.True(status == 200, answer?.ToJsonString());
            JsonObject sent = gateway.Upstream.Requests.Last();
            string seen = System.Text.Json.JsonSerializer.Serialize(sent, new System.Text.Json.JsonSerializerOptions
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            });
            if (data == "tenant 7")
            {
                if (sent["user"] is { } user) Assert.Equal(data, user.GetValue<string>());
                continue;
            }
            foreach (string part in (string[])["@", "＠", "rg\"", "ｏｒｇ"]) Assert.DoesNotContain(part, seen);
            foreach (string name in (string[])["user", "safety_identifier", "prompt_cache_key"])
                if (sent[name] is { } value) Assert.StartsWith("redacted-", value.GetValue<string>());
        }
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
