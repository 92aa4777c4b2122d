using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The wire of OpenAI's Responses, as bytes.</summary>
public sealed class ResponsesTests
{
    private const string Pixel =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    [Fact]
    public async Task ARequestBecomesAChatRequest()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/responses", $$"""
            {
              "model": "ours", "max_output_tokens": 50, "temperature": 0.5, "instructions": "Be brief.", "parallel_tool_calls": false, "user": "u1",
              "reasoning": { "effort": "low", "summary": "auto" }, "text": { "format": { "type": "json_schema", "name": "n", "schema": { "type": "object" } } },
              "tools": [ { "type": "function", "name": "look", "description": "Looks.", "parameters": { "type": "object" }, "strict": true },
                { "type": "custom", "name": "draw", "format": { "type": "grammar", "syntax": "regex", "definition": "a+" } } ],
              "tool_choice": { "type": "function", "name": "look" }, "metadata": { "a": "b" }, "include": ["reasoning.encrypted_content"],
              "input": [
                { "role": "user", "content": "Look at this" },
                { "type": "reasoning", "id": "rs_1", "summary": [ { "type": "summary_text", "text": "hm" } ], "encrypted_content": "xyz" },
                { "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                  "content": [ { "type": "output_text", "text": "I look.", "annotations": [] } ] },
                { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{}" },
                { "type": "custom_tool_call", "call_id": "c2", "name": "draw", "input": "aaa" },
                { "type": "function_call_output", "call_id": "c1", "output": [ { "type": "input_text", "text": "seen" },
                  { "type": "input_image", "image_url": "{{Pixel}}", "detail": "low" } ] },
                { "type": "custom_tool_call_output", "call_id": "c2", "output": "drawn" },
                { "type": "message", "role": "user", "content": [ { "type": "input_text", "text": "So?" } ] }
              ]
            }
            """);
        Assert.Equal(200, status);
        Assert.Equal("All is well.", answer!["output"]![0]!["content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal("b", answer["metadata"]!["a"]!.GetValue<string>());
        JsonObject sent = gateway.Upstream.Requests.Single();
        foreach ((string name, string json) in new[]
        {
            ("store", "false"), ("max_tokens", "50"), ("temperature", "0.5"), ("user", "\"u1\""), ("parallel_tool_calls", "false"),
            ("reasoning_effort", "\"low\""), ("tool_choice", """{"type":"function","function":{"name":"look"}}"""),
            ("response_format", """{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}"""),
            ("tools", """
                [ { "type": "function", "function": { "name": "look", "description": "Looks.", "parameters": { "type": "object" }, "strict": true } },
                  { "type": "custom", "custom": { "name": "draw", "format": { "type": "grammar", "grammar": { "definition": "a+", "syntax": "regex" } } } } ]
                """),
            ("messages", $$"""
                [
                  { "role": "system", "content": "Be brief." }, { "role": "user", "content": "Look at this" },
                  { "role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [
                    { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } },
                    { "id": "c2", "type": "custom", "custom": { "name": "draw", "input": "aaa" } } ] },
                  { "role": "tool", "tool_call_id": "c1", "content": "seen" }, { "role": "tool", "tool_call_id": "c2", "content": "drawn" },
                  { "role": "user", "content": [ { "type": "text", "text": "Images in the result of the tool call c1:" },
                    { "type": "image_url", "image_url": { "url": "{{Pixel}}", "detail": "low" } } ] },
                  { "role": "user", "content": "So?" }
                ]
                """),
        })
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), sent[name]), $"{name}: {sent[name]?.ToJsonString()}");
        Assert.False(sent.ContainsKey("metadata"));
    }

    [Theory]
    [InlineData("""{ "instructions": "a forbidden order" }""")]
    [InlineData("""{ "input": "a forbidden thing" }""")]
    [InlineData("""{ "input": [ { "type": "function_call_output", "call_id": "c", "output": "forbidden" } ] }""")]
    [InlineData("""{ "input": [ { "type": "reasoning", "summary": [], "content": [ { "type": "reasoning_text", "text": "forbidden" } ] } ] }""")]
    [InlineData("""{ "tools": [ { "type": "function", "name": "f", "description": "forbidden", "parameters": {} } ] }""")]
    public async Task WhatIsFlaggedIsRefusedAndNeverSent(string part)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = RunningGateway.With(Ask(), part);
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/responses", body.ToJsonString());
        Assert.Equal((200, "completed"), (status, answer!["status"]!.GetValue<string>()));
        Assert.Equal("refusal", answer["output"]![0]!["content"]![0]!["type"]!.GetValue<string>());
        body["stream"] = true;
        List<JsonObject> events = await StreamAsync(gateway, body.ToJsonString());
        Assert.Equal(
        [
            "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.refusal.delta",
            "response.refusal.done", "response.content_part.done", "response.output_item.done", "response.completed",
        ], EventStream.Types(events));
        Assert.NotEqual("", ResponseState.Gathered(events)["output"]![0]!["content"]![0]!["refusal"]!.GetValue<string>());
        Assert.Empty(gateway.Upstream.Requests);
        Assert.Equal(["PromptRefused", "PromptRefused"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task AFlaggedAnswerIsCutAndWhatHasLeftStays()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "rounds: 0");
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "All is well. Then comes a forbidden thing.");
        List<JsonObject> events = await StreamAsync(gateway, Ask(stream: true));
        JsonObject response = ResponseState.Gathered(events);
        Assert.Equal("response.incomplete", events[^1]["type"]!.GetValue<string>());
        Assert.Equal("content_filter", response["incomplete_details"]!["reason"]!.GetValue<string>());
        Assert.Equal("All is well. ", response["output"]![0]!["content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal("refusal", response["output"]![0]!["content"]![1]!["type"]!.GetValue<string>());
        Assert.DoesNotContain("forbidden thing", string.Concat(events.Select(one => one.ToJsonString())));
        Assert.Equal(["CutShort"], await gateway.OutcomesAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReasoningTextAndParallelCallsAreItemsInTheirOrder(bool summary)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = async (http, body) =>
        {
            http.Response.ContentType = "text/event-stream";
            await StubUpstream.ChunkAsync(http, new JsonObject { ["reasoning_content"] = "I think. " });
            await StubUpstream.ChunkAsync(http, new JsonObject { ["reasoning_content"] = "So." });
            await StubUpstream.ChunkAsync(http, new JsonObject { ["content"] = "I look." });
            await StubUpstream.ChunkAsync(http, new JsonObject { ["tool_calls"] = new JsonArray(Call("a", 0), Call("b", 1)) });
            await StubUpstream.ChunkAsync(http, [], "tool_calls");
            await StubUpstream.SendAsync(http, "[DONE]");
        };
        JsonObject body = (JsonObject)JsonNode.Parse(Ask(stream: true))!;
        if (summary) body["reasoning"] = new JsonObject { ["summary"] = "auto" };
        JsonObject response = ResponseState.Gathered(await StreamAsync(gateway, body.ToJsonString()));
        JsonArray output = response["output"]!.AsArray();
        Assert.Equal(["reasoning", "message", "function_call", "function_call"], output.Select(item => item!["type"]!.GetValue<string>()));
        Assert.Equal("I think. So.", output[0]![summary ? "summary" : "content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(["a", "b"], output.Skip(2).Select(item => item!["call_id"]!.GetValue<string>()));
        Assert.Equal(4, output.Select(item => item!["id"]!.GetValue<string>()).Distinct().Count());

        static JsonObject Call(string id, int index)
        {
            JsonObject call = StubUpstream.Call(id, "look", "{}");
            call["index"] = index;
            return call;
        }
    }

    [Fact]
    public async Task AConversationGoesOnFromWhatIsKeptAndIsJudged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string first = await IdAsync(gateway, """{ "model": "ours", "input": "Hello" }""");
        string second = await IdAsync(gateway, $$"""{ "model": "ours", "input": "More", "previous_response_id": "{{first}}" }""");
        JsonNode[] messages = [.. gateway.Upstream.Requests.Last()["messages"]!.AsArray()!];
        Assert.Equal(["user: Hello", "assistant: All is well.", "user: More"], messages.Select(message => $"{message["role"]}: {message["content"]}"));

        // A refused turn is neither judged nor said again.
        string refused = await IdAsync(gateway, $$"""{ "model": "ours", "input": "forbidden", "previous_response_id": "{{second}}" }""");
        await IdAsync(gateway, $$"""{ "model": "ours", "input": "Then?", "previous_response_id": "{{refused}}" }""");
        Assert.Equal(["Hello", "All is well.", "More", "All is well.", "Then?"],
            gateway.Upstream.Requests.Last()["messages"]!.AsArray().Select(message => message!["content"]!.GetValue<string>()));
        Assert.Equal(["Passed", "Passed", "PromptRefused", "Passed"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task ReferencesBecomeTheItemsAndAreSeenByTheirKeyAlone()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (_, JsonNode? answer) = await gateway.PostAsync("/v1/responses", Ask());
        string id = answer!["id"]!.GetValue<string>(), item = answer["output"]![0]!["id"]!.GetValue<string>();
        string body = $$"""{ "model": "ours", "input": [ { "type": "item_reference", "id": "{{item}}" }, { "role": "user", "content": "So?" } ] }""";
        Assert.Equal(200, (await gateway.PostAsync("/v1/responses", body)).Status);
        Assert.Equal("All is well.", gateway.Upstream.Requests.Last()["messages"]![0]!["content"]!.GetValue<string>());
        Assert.Equal(400, (await gateway.PostAsync("/v1/responses", body, RunningGateway.OperatorKey)).Status);
        (int status, answer) = await gateway.PostAsync("/v1/responses", $$"""{ "model": "ours", "input": "x", "previous_response_id": "{{id}}" }""",
            RunningGateway.OperatorKey);
        Assert.Equal((400, "previous_response_not_found"), (status, answer!["error"]!["code"]!.GetValue<string>()));

        using (HttpResponseMessage got = await gateway.GetAsync($"/v1/responses/{id}")) Assert.Equal(200, (int)got.StatusCode);
        using (HttpResponseMessage got = await gateway.GetAsync($"/v1/responses/{id}", RunningGateway.OperatorKey)) Assert.Equal(404, (int)got.StatusCode);
        using (HttpResponseMessage got = await gateway.GetAsync($"/v1/responses/{id}/input_items"))
            Assert.Equal("Hello", JsonNode.Parse(await got.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["data"]![0]!["content"]!
                .GetValue<string>());
        using HttpRequestMessage delete = new(HttpMethod.Delete, $"/v1/responses/{id}");
        delete.Headers.Authorization = new("Bearer", RunningGateway.Key);
        using (HttpResponseMessage deleted = await gateway.Http.SendAsync(delete, TestContext.Current.CancellationToken))
            Assert.Equal(200, (int)deleted.StatusCode);
        Assert.Equal(400, (await gateway.PostAsync("/v1/responses", body)).Status);
    }

    [Theory]
    [InlineData("", "c b a", false)]
    [InlineData("?order=asc", "a b c", false)]
    [InlineData("?order=asc&limit=2", "a b", true)]
    [InlineData("?limit=1", "c", true)]
    [InlineData("?order=asc&after=in_ID_0&limit=100", "b c", false)]
    [InlineData("?after=in_ID_1", "a", false)]
    public async Task TheInputOfAResponseComesInPages(string query, string expected, bool hasMore)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string id = await IdAsync(gateway, """
            { "model": "ours", "input": [ { "role": "user", "content": "a" }, { "role": "assistant", "content": "b" }, { "role": "user", "content": "c" } ] }
            """);
        using HttpResponseMessage response = await gateway.GetAsync($"/v1/responses/{id}/input_items{query.Replace("ID", id)}");
        JsonNode page = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal(expected, string.Join(' ', page["data"]!.AsArray().Select(item => item!["content"])));
        Assert.Equal(hasMore, page["has_more"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("/input_items?order=up", "order")]
    [InlineData("/input_items?limit=0", "limit")]
    [InlineData("/input_items?limit=x", "limit")]
    [InlineData("/input_items?after=in_x", "after")]
    [InlineData("?stream=true", "stream")]
    public async Task WhatIsAskedOfAKeptResponseAndCannotBeHadIsRefusedByName(string query, string param)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string id = await IdAsync(gateway, Ask());
        using HttpResponseMessage response = await gateway.GetAsync($"/v1/responses/{id}{query}");
        Assert.Equal(400, (int)response.StatusCode);
        JsonNode error = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal(param, error["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task WhatIsNotToBeKeptIsNot()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("responses: { store_bytes: 3000, store_time: 1h }");
        string first = await IdAsync(gateway, """{ "model": "ours", "input": "Hello", "store": false }""");
        Assert.Equal(400, (await gateway.PostAsync("/v1/responses", Follow(first))).Status);
        string old = await IdAsync(gateway, Ask());
        await IdAsync(gateway, Ask());
        await IdAsync(gateway, Ask());
        Assert.Equal(400, (await gateway.PostAsync("/v1/responses", Follow(old))).Status); // there was room for fewer

        static string Follow(string id) => $$"""{ "model": "ours", "input": "x", "previous_response_id": "{{id}}" }""";
    }

    [Theory]
    [InlineData("""{ "conversation": "conv_1" }""", "conversation")]
    [InlineData("""{ "background": true }""", "background")]
    [InlineData("""{ "prompt": { "id": "p" } }""", "prompt")]
    [InlineData("""{ "truncation": "auto" }""", "truncation")]
    [InlineData("""{ "tools": [ { "type": "web_search" } ] }""", "tools[0].type")]
    [InlineData("""{ "tools": [ { "type": "function", "name": "f", "parameters": {}, "Name": "g" } ] }""", "tools[0].Name")]
    [InlineData("""{ "tool_choice": { "type": "allowed_tools", "mode": "auto", "tools": [ "f" ] } }""", "tool_choice.tools[0].type")]
    [InlineData("""{ "input": [ { "role": "user", "content": [ { "type": "input_image", "file_id": "f" } ] } ] }""", "input[0].content[0].file_id")]
    [InlineData("""{ "input": [ { "role": "user", "content": [ { "type": "input_file", "file_data": "x" } ] } ] }""", "input[0].content[0].file_data")]
    [InlineData("""{ "input": [ { "type": "computer_call_output", "call_id": "c", "output": "x" } ] }""", "input[0]")]
    [InlineData("""{ "input": [ { "type": "item_reference", "id": "msg_x" } ] }""", "input[0].id")]
    [InlineData("""{ "Input": "x" }""", "Input")]
    public async Task WhatCannotBeJudgedIsRefusedByName(string part, string param)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = RunningGateway.With(Ask(), part);
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/responses", body.ToJsonString());
        Assert.Equal((400, param), (status, answer!["error"]!["param"]!.GetValue<string>()));
        Assert.Empty(gateway.Upstream.Requests);
    }

    [Fact]
    public async Task HostedToolsGoOnWhereTheOperatorAllowsThemAndAreJudged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("hosted_tools: [ web_search ]");
        JsonObject body = (JsonObject)JsonNode.Parse(Ask())!;
        body["tools"] = JsonNode.Parse("""[ { "type": "web_search", "user_location": { "city": "Rome" } } ]""");
        Assert.Equal(200, (await gateway.PostAsync("/v1/responses", body.ToJsonString())).Status);
        Assert.Equal("Rome", gateway.Upstream.Requests.Single()["tools"]![0]!["user_location"]!["city"]!.GetValue<string>());
        body["tools"]![0]!["user_location"]!["city"] = "forbidden";
        Assert.Equal(200, (await gateway.PostAsync("/v1/responses", body.ToJsonString())).Status);
        Assert.Single(gateway.Upstream.Requests);
    }

    [Fact]
    public async Task AFailureWithinAStreamIsItsLastEvent()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await StubUpstream.ChunkAsync(http, new JsonObject { ["content"] = "All is well. And" });
            await StubUpstream.SendAsync(http, """{"error":{"message":"dead"}}""");
            await StubUpstream.SendAsync(http, "[DONE]");
        };
        List<JsonObject> events = await StreamAsync(gateway, Ask(stream: true));
        Assert.Equal("response.failed", events[^1]["type"]!.GetValue<string>());
        Assert.Equal("server_error", ResponseState.Gathered(events)["error"]!["code"]!.GetValue<string>());
        Assert.Equal(["ModelFailed"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task AStateIsSentAgainWhileNothingCanBeSaid()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(clock: new HurriedClock(100));
        gateway.Upstream.Behaviour = async (http, body) =>
        {
            await Task.Delay(1000);
            await StubUpstream.AnswerAsync(http, body, "All is well.");
        };
        List<JsonObject> events = await StreamAsync(gateway, Ask(stream: true));
        Assert.True(events.Count(one => one["type"]!.GetValue<string>() == "response.in_progress") > 1);
        ResponseState.Gathered(events);
    }

    [Fact]
    public async Task LogprobsStandBesideTheirTextAndAnnotationsTooFlat()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, _) => http.Response.WriteAsync("""
            {"choices":[{"index":0,"finish_reason":"stop","logprobs":{"content":[{"token":"One","bytes":[79],"logprob":-1,"top_logprobs":[]}]},
              "message":{"role":"assistant","content":"One","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example/","title":"A",
              "start_index":0,"end_index":3}}]}}]}
            """);
        (_, JsonNode? answer) = await gateway.PostAsync("/v1/responses", """{ "model": "ours", "input": "Hello", "top_logprobs": 1 }""");
        JsonNode part = answer!["output"]![0]!["content"]![0]!;
        Assert.Equal("One", part["logprobs"]![0]!["token"]!.GetValue<string>());
        Assert.Equal("https://a.example/", part["annotations"]![0]!["url"]!.GetValue<string>());
        Assert.True(gateway.Upstream.Requests.Single()["logprobs"]!.GetValue<bool>());
    }

    // What a real server said on this wire comes from the upstream as a chat completion, and leaves the gateway as the server said it.
    [Fact]
    public async Task WhatARealServerSaidComesOutAsItSaidIt()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        int held = 0;
        foreach (ServerRecording recording in ServerRecording.All("gw-responses"))
        {
            if (recording.Status != 200 || recording.UrlPath != "/v1/responses") continue;
            JsonObject said = recording.IsStream
                ? (JsonObject)EventStream.Read(recording.Reply)[^1]["response"]!
                : (JsonObject)JsonNode.Parse(recording.Reply)!;
            JsonObject[] items = [.. said["output"]!.AsArray().Select(item => (JsonObject)item!)];
            string text = string.Concat(items.Where(item => item["content"] is JsonArray).Select(item => item["content"]![0]!["text"]!.GetValue<string>()));
            JsonArray calls = [.. items.Where(item => item["type"]!.GetValue<string>() == "function_call").Select(item => new JsonObject
            {
                ["id"] = item["call_id"]!.DeepClone(),
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = item["name"]!.DeepClone(), ["arguments"] = item["arguments"]!.DeepClone() },
            })];
            bool isCut = said["status"]!.GetValue<string>() == "incomplete";
            gateway.Upstream.Behaviour = ServerRecording.Saying(text, calls, isCut ? "length" : calls.Count > 0 ? "tool_calls" : "stop",
                said["usage"]!["input_tokens"]!.GetValue<long>(), said["usage"]!["output_tokens"]!.GetValue<long>());
            JsonObject request = recording.Request;
            request["model"] = "ours";
            string body = request.ToJsonString();
            JsonObject answer = recording.IsStream
                ? ResponseState.Gathered(await StreamAsync(gateway, body))
                : (JsonObject)(await gateway.PostAsync("/v1/responses", body)).Body!;
            Assert.Equal(said["status"]!.GetValue<string>(), answer["status"]!.GetValue<string>());
            Assert.True(JsonNode.DeepEquals(said["incomplete_details"], answer["incomplete_details"]));
            Assert.Equal(items.Select(Said), answer["output"]!.AsArray().Select(Said));
            foreach (string count in (string[])["input_tokens", "output_tokens", "total_tokens"])
                Assert.Equal(said["usage"]![count]!.GetValue<long>(), answer["usage"]![count]!.GetValue<long>());
            held++;
        }
        Assert.True(held > 0);

        static string Said(JsonNode? item) => $"{item!["type"]} {item["call_id"]} {item["name"]} {item["arguments"]} {item["content"]?[0]?["text"]}";
    }

    private static async Task<string> IdAsync(RunningGateway gateway, string body)
    {
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/responses", body);
        Assert.True(status == 200, answer?.ToJsonString());
        return answer!["id"]!.GetValue<string>();
    }

    private static Task<List<JsonObject>> StreamAsync(RunningGateway gateway, string body) => EventStream.OfAsync(gateway, "/v1/responses", body);

    private static string Ask(bool stream = false) => $$"""{ "model": "ours", "input": "Hello", "stream": {{(stream ? "true" : "false")}} }""";
}
