using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The wire of Anthropic's Messages, as bytes.</summary>
public sealed class MessagesTests
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    [Fact]
    public async Task ARequestBecomesAChatRequest()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages", $$"""
            {
              "model": "ours", "max_tokens": 50, "temperature": 0.5, "top_k": 3, "stop_sequences": ["END"], "metadata": { "user_id": "u1" },
              "system": [ { "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } } ],
              "tools": [ { "name": "look", "description": "Looks.", "input_schema": { "type": "object" }, "cache_control": { "type": "ephemeral" } } ],
              "tool_choice": { "type": "any", "disable_parallel_tool_use": true },
              "thinking": { "type": "enabled", "budget_tokens": 5000 },
              "messages": [
                { "role": "user", "content": "Look at this" },
                { "role": "assistant", "content": [
                  { "type": "thinking", "thinking": "hm", "signature": "abc" }, { "type": "redacted_thinking", "data": "xyz" },
                  { "type": "text", "text": "I look." }, { "type": "tool_use", "id": "t1", "name": "look", "input": { "at": "é" } } ] },
                { "role": "user", "content": [
                  { "type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [ { "type": "text", "text": "seen" },
                    { "type": "image", "source": { "type": "base64", "media_type": "image/jpeg", "data": "{{Pixel}}" } } ] },
                  { "type": "document", "title": "Notes", "source": { "type": "text", "media_type": "text/plain", "data": "a note" } },
                  { "type": "text", "text": "So?" } ] }
              ]
            }
            """);
        Assert.Equal(200, status);
        Assert.Equal("All is well.", answer!["content"]![0]!["text"]!.GetValue<string>());
        JsonObject sent = gateway.Upstream.Requests.Single();
        foreach ((string name, string json) in new[]
        {
            ("model", "\"theirs\""), ("max_tokens", "50"), ("temperature", "0.5"), ("top_k", "3"), ("stop", """["END"]"""), ("user", "\"u1\""),
            ("tool_choice", "\"required\""), ("parallel_tool_calls", "false"), ("reasoning_effort", "\"medium\""), ("stream", "false"),
            ("tools", """[{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object"}}}]"""),
            ("messages", $$"""
                [
                  { "role": "system", "content": "Be brief." }, { "role": "user", "content": "Look at this" },
                  { "role": "assistant", "content": "I look.", "reasoning_content": "hm",
                    "tool_calls": [ { "id": "t1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":\"é\"}" } } ] },
                  { "role": "tool", "tool_call_id": "t1", "content": [ { "type": "text", "text": "The tool has failed:\n" },
                    { "type": "text", "text": "seen" } ] },
                  { "role": "user", "content": [ { "type": "text", "text": "Images in the result of the tool call t1:" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,{{Pixel}}" } },
                    { "type": "text", "text": "Document: Notes\n" }, { "type": "text", "text": "a note" }, { "type": "text", "text": "So?" } ] }
                ]
                """),
        })
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), sent[name]), $"{name}: {sent[name]?.ToJsonString()}");
    }

    [Theory]
    [InlineData("""{ "system": "a forbidden order" }""")]
    [InlineData("""{ "system": [ { "type": "text", "text": "a forbidden order" } ] }""")]
    [InlineData("""{ "messages": [ { "role": "user", "content": "a forbidden thing" } ] }""")]
    [InlineData("""{ "messages": [ { "role": "user", "content": [ { "type": "text", "text": "forbidden" } ] } ] }""")]
    [InlineData("""{ "messages": [ { "role": "user", "content": [ { "type": "tool_result", "tool_use_id": "t", "content": "forbidden" } ] } ] }""")]
    [InlineData("""
        { "messages": [ { "role": "assistant", "content": [ { "type": "tool_use", "id": "t", "name": "n", "input": { "a": "forbidden" } } ] },
          { "role": "user", "content": "x" } ] }
        """)]
    [InlineData("""
        { "messages": [ { "role": "assistant", "content": [ { "type": "thinking", "thinking": "forbidden", "signature": "" } ] },
          { "role": "user", "content": "x" } ] }
        """)]
    [InlineData("""
        { "messages": [ { "role": "user", "content": [ { "type": "document",
          "source": { "type": "text", "media_type": "text/plain", "data": "forbidden" } } ] } ] }
        """)]
    [InlineData("""
        { "messages": [ { "role": "user", "content": [ { "type": "search_result", "title": "forbidden", "source": "s",
          "content": [ { "type": "text", "text": "x" } ] } ] } ] }
        """)]
    public async Task WhatIsFlaggedIsRefusedAndNeverSent(string part)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = RunningGateway.With("""{ "model": "ours", "max_tokens": 5, "messages": [ { "role": "user", "content": "Hello" } ] }""", part);
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages", body.ToJsonString());
        Assert.Equal(200, status);
        Assert.Equal("refusal", answer!["stop_reason"]!.GetValue<string>());
        Assert.Equal("refusal", answer["stop_details"]!["type"]!.GetValue<string>());
        Assert.NotEqual("", answer["content"]![0]!["text"]!.GetValue<string>());
        body["stream"] = true;
        List<JsonObject> events = await EventStream.OfAsync(gateway, "/v1/messages", body.ToJsonString());
        Assert.Equal(
            ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"], EventStream.Types(events));
        Assert.Equal("refusal", events[4]["delta"]!["stop_reason"]!.GetValue<string>());
        Assert.Empty(gateway.Upstream.Requests);
        Assert.Equal(["PromptRefused", "PromptRefused"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task AFlaggedAnswerIsCutAndWhatHasLeftStays()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "rounds: 0");
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "All is well. Then comes a forbidden thing.");
        using HttpResponseMessage response = await gateway.SendAsync("/v1/messages", Ask(stream: true));
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        List<JsonObject> events = EventStream.Read(text);
        Assert.Equal("All is well. ", string.Concat(Deltas(events, 0)));
        Assert.NotEqual("", string.Concat(Deltas(events, 1)));
        Assert.Equal("refusal", events[^2]["delta"]!["stop_reason"]!.GetValue<string>());
        Assert.DoesNotContain("forbidden thing", text);
        (_, JsonNode? whole) = await gateway.PostAsync("/v1/messages", Ask());
        Assert.Equal("refusal", whole!["stop_reason"]!.GetValue<string>());
        Assert.Equal(["CutShort", "AnswerRefused"], await gateway.OutcomesAsync());
    }

    [Theory]
    [InlineData("""{ "Content": "x" }""", "must be written as in messages")]
    [InlineData("""{ "extra": "x" }""", "is not known here")]
    public async Task UnknownFieldsAreRefused(string extra, string why)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = (JsonObject)JsonNode.Parse(Ask())!;
        foreach ((string name, JsonNode? value) in (JsonObject)JsonNode.Parse(extra)!) body["messages"]![0]![name] = value!.DeepClone();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages", body.ToJsonString());
        Assert.Equal(400, status);
        Assert.Contains(why, answer!["error"]!["message"]!.GetValue<string>());
        Assert.Empty(gateway.Upstream.Requests);
    }

    [Theory]
    [InlineData("""{ "model": "ours", "messages": [ { "role": "user", "content": "x" } ] }""", 400, "invalid_request_error")]
    [InlineData("""{ "model": "none", "max_tokens": 5, "messages": [ { "role": "user", "content": "x" } ] }""", 404, "not_found_error")]
    [InlineData("""{ "model": "ours", "max_tokens": 5, "messages": [ { "role": "assistant", "content": "x" } ] }""", 400, "invalid_request_error")]
    [InlineData("""{ "model": "ours", "max_tokens": 5, "messages": [], "mcp_servers": [ { "url": "x" } ] }""", 400, "invalid_request_error")]
    [InlineData("""
        { "model": "ours", "max_tokens": 5, "messages": [ { "role": "user", "content": [ { "type": "document", "source": { "type": "url", "url": "x" } } ] } ] }
        """, 400, "invalid_request_error")]
    [InlineData("""
        { "model": "ours", "max_tokens": 5, "tools": [ { "type": "bash_20250124", "name": "bash" } ], "messages": [ { "role": "user", "content": "x" } ] }
        """, 400, "invalid_request_error")]
    [InlineData("not JSON", 400, "invalid_request_error")]
    public async Task ErrorsHaveAnthropicsShape(string body, int expected, string type)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages", body);
        Assert.Equal(expected, status);
        Assert.Equal("error", answer!["type"]!.GetValue<string>());
        Assert.Equal(type, answer["error"]!["type"]!.GetValue<string>());
        (status, answer) = await gateway.PostAsync("/v1/messages", Ask(), key: null);
        Assert.Equal(401, status);
        Assert.Equal("authentication_error", answer!["error"]!["type"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("", "max_tokens is missing")]
    [InlineData("\"max_tokens\": null,", "max_tokens is missing")]
    [InlineData("\"max_tokens\": 0,", "max_tokens must be a whole number from 1.")]
    public async Task TheNumberOfTokensMustBeGiven(string given, string why)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages",
            $$"""{ {{given}} "model": "ours", "messages": [ { "role": "user", "content": "x" } ] }""");
        Assert.Equal(400, status);
        Assert.StartsWith(why, answer!["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task ACallWhoseArgumentsAreNoObjectIsAnError()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "", [Call("false")]);
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages", Ask());
        Assert.Equal(502, status);
        Assert.Contains("no object", answer!["error"]!["message"]!.GetValue<string>());
        List<JsonObject> events = await EventStream.OfAsync(gateway, "/v1/messages", Ask(stream: true));
        Assert.Equal("error", events[^1]["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task TheWordsThatStoppedTheModelAreTold()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, _) => http.Response.WriteAsync("""
            {"choices":[{"index":0,"message":{"role":"assistant","content":"One"},"finish_reason":"stop","stop_reason":"END"}]}
            """);
        JsonObject body = (JsonObject)JsonNode.Parse(Ask())!;
        body["stop_sequences"] = new JsonArray("END");
        (_, JsonNode? answer) = await gateway.PostAsync("/v1/messages", body.ToJsonString());
        Assert.Equal("stop_sequence", answer!["stop_reason"]!.GetValue<string>());
        Assert.Equal("END", answer["stop_sequence"]!.GetValue<string>());
    }

    [Fact]
    public async Task TokensAreCountedByTheModelAndThePromptIsJudged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = (JsonObject)JsonNode.Parse(Ask())!;
        body.Remove("max_tokens");
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages/count_tokens", body.ToJsonString());
        Assert.Equal((200, 10), (status, answer!["input_tokens"]!.GetValue<int>()));
        Assert.Equal(1, gateway.Upstream.Requests.Single()["max_tokens"]!.GetValue<int>());
        Assert.False(gateway.Upstream.Requests.Single().ContainsKey("tool_choice")); // servers fail at a forced call that is cut at its first token
        body["system"] = "forbidden";
        (status, answer) = await gateway.PostAsync("/v1/messages/count_tokens", body.ToJsonString());
        Assert.Equal((400, "error"), (status, answer!["type"]!.GetValue<string>()));
        Assert.Single(gateway.Upstream.Requests);
    }

    [Fact]
    public async Task APingIsSentWhileNothingCanBeSaid()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(clock: new HurriedClock(100));
        gateway.Upstream.Behaviour = async (http, body) =>
        {
            await Task.Delay(1000);
            await StubUpstream.AnswerAsync(http, body, "All is well.");
        };
        IReadOnlyList<string> types = EventStream.Types(await EventStream.OfAsync(gateway, "/v1/messages", Ask(stream: true)));
        Assert.Equal(["message_start", "ping"], types.Take(2));
        Assert.Equal("message_stop", types[^1]);
    }

    // What a real server said on this wire comes from the upstream as a chat completion, and leaves the gateway as the server said it.
    [Fact]
    public async Task WhatARealServerSaidComesOutAsItSaidIt()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        int held = 0;
        foreach (ServerRecording recording in ServerRecording.All("gw-messages"))
        {
            if (recording.Status != 200 || recording.UrlPath != "/v1/messages") continue;
            JsonObject said = recording.IsStream ? Gathered(EventStream.Read(recording.Reply)) : (JsonObject)JsonNode.Parse(recording.Reply)!;
            JsonArray calls = [.. said["content"]!.AsArray().Where(Is("tool_use")).Select(block =>
                Call(block!["input"] is JsonValue raw ? raw.GetValue<string>() : block["input"]!.ToJsonString(), block["id"]!.GetValue<string>()))];
            string text = string.Concat(said["content"]!.AsArray().Where(Is("text")).Select(block => block!["text"]!.GetValue<string>()));
            string finish = said["stop_reason"]!.GetValue<string>() switch { "max_tokens" => "length", "tool_use" => "tool_calls", _ => "stop" };
            gateway.Upstream.Behaviour = ServerRecording.Saying(text, calls, finish, said["usage"]!["input_tokens"]!.GetValue<long>(),
                said["usage"]!["output_tokens"]!.GetValue<long>());
            JsonObject request = recording.Request;
            request["model"] = "ours";
            using HttpResponseMessage response = await gateway.SendAsync("/v1/messages", request.ToJsonString());
            string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            if (calls.Count > 0 && JsonNode.Parse(calls[0]!["function"]!["arguments"]!.GetValue<string>()) is not JsonObject)
            {
                Assert.Equal("error", EventStream.Read(body)[^1]["type"]!.GetValue<string>()); // no client could read them
                continue;
            }
            Assert.Equal(200, (int)response.StatusCode);
            JsonObject answer = recording.IsStream ? Gathered(EventStream.Read(body)) : (JsonObject)JsonNode.Parse(body)!;
            Assert.Equal(text, answer["content"]![0]!["text"]!.GetValue<string>());
            Assert.Equal(said["stop_reason"]!.GetValue<string>(), answer["stop_reason"]!.GetValue<string>());
            foreach (string count in (string[])["input_tokens", "output_tokens"])
                Assert.Equal(said["usage"]![count]!.GetValue<long>(), answer["usage"]![count]!.GetValue<long>());
            held++;
        }
        Assert.True(held > 0);
    }

    private static Func<JsonNode?, bool> Is(string type) => block => block!["type"]!.GetValue<string>() == type;

    private static IEnumerable<string> Deltas(IEnumerable<JsonObject> events, int block) =>
        events.Where(one => one["type"]!.GetValue<string>() == "content_block_delta" && one["index"]!.GetValue<int>() == block)
            .Select(one => one["delta"]!["text"]!.GetValue<string>());

    // Puts a stream together as the official client does, and holds its order.
    internal static JsonObject Gathered(List<JsonObject> events)
    {
        Assert.Equal("message_start", events[0]["type"]!.GetValue<string>());
        Assert.Equal("message_stop", events[^1]["type"]!.GetValue<string>());
        JsonObject message = (JsonObject)events[0]["message"]!.DeepClone();
        JsonArray content = message["content"]!.AsArray();
        bool isOpen = false;
        foreach (JsonObject one in events[1..^1])
            switch (one["type"]!.GetValue<string>())
            {
                case "content_block_start":
                    Assert.False(isOpen);
                    isOpen = true;
                    Assert.Equal(content.Count, one["index"]!.GetValue<int>());
                    JsonObject block = (JsonObject)one["content_block"]!.DeepClone();
                    if (block["type"]!.GetValue<string>() == "tool_use") block["input"] = "";
                    content.Add(block);
                    break;
                case "content_block_delta":
                    Assert.True(isOpen);
                    Assert.Equal(content.Count - 1, one["index"]!.GetValue<int>());
                    (string to, string from) = one["delta"]!["type"]!.GetValue<string>() switch
                    {
                        "text_delta" => ("text", "text"),
                        "input_json_delta" => ("input", "partial_json"),
                        "thinking_delta" => ("thinking", "thinking"),
                        string other => throw new InvalidOperationException(other),
                    };
                    content[^1]![to] = content[^1]![to]!.GetValue<string>() + one["delta"]![from]!.GetValue<string>();
                    break;
                case "content_block_stop":
                    Assert.True(isOpen);
                    isOpen = false;
                    break;
                case "message_delta":
                    Assert.False(isOpen);
                    message["stop_reason"] = one["delta"]!["stop_reason"]!.DeepClone();
                    message["usage"] = one["usage"]!.DeepClone();
                    break;
                case "ping": break;
                case string other: throw new InvalidOperationException(other);
            }
        return message;
    }

    private static string Ask(bool stream = false) =>
        $$"""{ "model": "ours", "max_tokens": 50, "messages": [ { "role": "user", "content": "Hello" } ], "stream": {{(stream ? "true" : "false")}} }""";

    private static JsonObject Call(string arguments, string id = "call_1") => StubUpstream.Call(id, "look_up", arguments);
}
