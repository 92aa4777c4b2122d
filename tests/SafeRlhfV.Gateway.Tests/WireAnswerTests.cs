using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Whatever an upstream puts into an answer: the phrase leaves on no wire.</summary>
public sealed class WireAnswerTests
{
    private const string Large = """
        {"id":"c","object":"chat.completion","created":1,"model":"m","system_fingerprint":"fp","service_tier":"default","citations":["https://a.example/"],
         "choices":[{"index":0,"finish_reason":"tool_calls","stop_reason":"END",
           "logprobs":{"content":[{"token":"All","bytes":[65,108,108],"logprob":-1,"top_logprobs":[{"token":"All","bytes":[65],"logprob":-1}]}]},
           "message":{"role":"assistant","content":"All is well.","reasoning_content":"So.","refusal":null,"note":{"a":["b"]},
             "annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example/","title":"A","start_index":0,"end_index":3}}],
             "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"at\":\"Rome\"}"},"extra_content":{"s":"t"}},
               {"id":"b","type":"custom","custom":{"name":"g","input":"x"}}]}}],
         "usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":2}}}
        """;

    [Theory]
    [InlineData("/v1/responses", """{ "model": "ours", "input": "Hello", "stream": false, "top_logprobs": 1 }""", 0)]
    [InlineData("/v1/messages",
        """{ "model": "ours", "max_tokens": 5, "stream": false, "stop_sequences": ["END"], "messages": [ { "role": "user", "content": "Hello" } ] }""", 1)]
    public async Task ThePhraseLeavesFromNoLeafOfAnAnswer(string path, string ask, int calls)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "rounds: 0", upstream: "unknown_fields: pass,");
        JsonObject answer = (JsonObject)JsonNode.Parse(Large)!;
        if (calls == 1) answer["choices"]![0]!["message"]!["tool_calls"]!.AsArray().RemoveAt(1); // the wire has no custom calls
        string reply = answer.ToJsonString();
        gateway.Upstream.Behaviour = (http, body) => body["stream"]!.GetValue<bool>() ? StreamAsync(http, reply) : http.Response.WriteAsync(reply);
        string streamed = ask.Replace("\"stream\": false", "\"stream\": true");
        foreach (string sound in (string[])[ask, streamed])
        {
            using HttpResponseMessage response = await gateway.SendAsync(path, sound);
            string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Equal(200, (int)response.StatusCode);
            foreach (string part in (string[])["All is well.", "Rome", "So."]) Assert.Contains(part, body);
        }
        int count = JsonPlaces.Count(answer);
        Assert.InRange(count, 60, 500);
        for (int i = 0; i < count; i++)
        {
            reply = JsonPlaces.With(answer, i, "a forbidden thing");
            foreach (string one in (string[])[ask, streamed])
            {
                using HttpResponseMessage response = await gateway.SendAsync(path, one);
                string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.False(body.Contains("forbidden thing", StringComparison.Ordinal), $"{reply} left as {body}");
            }
        }
    }

    // What an upstream garbles is its fault, whatever stands where something else should.
    [Theory]
    [InlineData("/v1/chat/completions", """{ "model": "ours", "messages": [ { "role": "user", "content": "Hello" } ] }""")]
    [InlineData("/v1/responses", """{ "model": "ours", "input": "Hello" }""")]
    [InlineData("/v1/messages", """{ "model": "ours", "max_tokens": 5, "messages": [ { "role": "user", "content": "Hello" } ] }""")]
    public async Task NoShapeOfAnAnswerIsADefectOfTheGateway(string path, string ask)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(upstream: "unknown_fields: pass, break: 1ms,");
        string reply = "";
        gateway.Upstream.Behaviour = (http, body) => body["stream"]!.GetValue<bool>() ? StreamAsync(http, reply) : http.Response.WriteAsync(reply);
        string streamed = RunningGateway.With(ask, """{ "stream": true }""").ToJsonString();
        int asked = 0;
        foreach (string other in JsonPlaces.OfOtherKinds(JsonNode.Parse(Large)!))
        {
            reply = other;
            foreach (string one in (string[])[ask, streamed])
            {
                using HttpResponseMessage response = await gateway.SendAsync(path, one);
                string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.False(body.Contains("The gateway has failed", StringComparison.Ordinal), $"{reply}: {body}");
                asked++;
            }
        }
        Assert.InRange(gateway.Upstream.Requests.Count, asked / 2, asked); // the upstream was not left alone
    }

    // The same answer as one chunk.
    private static async Task StreamAsync(HttpContext http, string reply)
    {
        http.Response.ContentType = "text/event-stream";
        JsonNode chunk = JsonNode.Parse(reply)!;
        if (chunk["choices"] is JsonArray { Count: > 0 } choices && choices[0] is JsonObject choice && choice["message"] is { } message)
        {
            choice.Remove("message");
            choice["delta"] = message;
        }
        await StubUpstream.SendAsync(http, chunk.ToJsonString());
        await StubUpstream.SendAsync(http, "[DONE]");
    }
}
