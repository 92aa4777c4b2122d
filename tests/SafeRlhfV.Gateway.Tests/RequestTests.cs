using System.Net;
using System.Text.Json.Nodes;
using CsCheck;
using OpenAI.Models;
using OpenAI.Moderations;

namespace SafeRlhfV.Gateway.Tests;

public sealed class RequestTests
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public static TheoryData<string, int, string> BadBodies => new()
    {
        { "", 400, "" },
        { "{", 400, "" },
        { "[]", 400, "" },
        { "null", 400, "" },
        { "{}", 400, "model" },
        { """{"model":5}""", 400, "model" },
        { """{"model":"nothing","messages":[]}""", 404, "model" },
        { """{"model":"ours"}""", 400, "messages" },
        { """{"model":"ours","messages":[]}""", 400, "messages" },
        { """{"model":"ours","messages":"hi"}""", 400, "messages" },
        { """{"model":"ours","messages":[5]}""", 400, "messages[0]" },
        { """{"model":"ours","messages":[{"role":"wizard","content":"hi"}]}""", 400, "messages[0].role" },
        { """{"model":"ours","messages":[{"role":"user"}]}""", 400, "messages[0].content" },
        { """{"model":"ours","messages":[{"role":"user","content":5}]}""", 400, "messages[0].content" },
        { """{"model":"ours","messages":[{"role":"user","content":[5]}]}""", 400, "messages[0].content[0]" },
        { """{"model":"ours","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}""", 400, "messages[0].content[0].type" },
        { """{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","image_url":"x"}]}]}""", 400, "messages[0].content[0].image_url" },
        { """{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://127.0.0.1/a.png"}}]}]}""", 400,
            "messages[0].content[0].image_url.url" },
        { """{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,!!"}}]}]}""", 400,
            "messages[0].content[0].image_url.url" },
        { """{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}""", 400,
            "messages[0].content[0].image_url.url" },
        { """{"model":"ours","stream":"yes","messages":[{"role":"user","content":"hi"}]}""", 400, "stream" },
        { """{"model":"ours","n":0,"messages":[{"role":"user","content":"hi"}]}""", 400, "n" },
        { """{"model":"ours","n":17,"stream":true,"messages":[{"role":"user","content":"hi"}]}""", 400, "n" },
        { """{"model":"ours","temperature":"hot","messages":[{"role":"user","content":"hi"}]}""", 400, "temperature" },
        { """{"model":"ours","model":"both","messages":[{"role":"user","content":"hi"}]}""", 400, "" },
        { """{"model":"ours","messages":[{"role":"user","content":"\ud800"}]}""", 400, "" },
        { "{\"model\":\"ours\",\"a\":" + new string('[', 200) + new string(']', 200) + "}", 400, "" },
    };

    [Theory, MemberData(nameof(BadBodies))]
    public async Task WhatIsWrongIsSaidInOpenAIsShape(string body, int expected, string param)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", body);
        Assert.Equal(expected, status);
        JsonObject error = answer!["error"]!.AsObject();
        Assert.Equal("invalid_request_error", error["type"]!.GetValue<string>());
        Assert.Equal(param, error["param"]?.GetValue<string>() ?? "");
        Assert.True(error.ContainsKey("code"));
        Assert.Empty(gateway.Upstream.Requests);
    }

    // A sound request with any value in it exchanged for any other, or cut anywhere: never 500, always an answer.
    [Fact]
    public async Task FuzzedRequestsNeverBreakTheGateway()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string[] odd = ["null", "true", "-1", "1e400", "\"\"", "[]", "{}", "[null]", "\"\\ud800\"", "\"data:\"", "\"data:image/png;base64,\"", "[[[[]]]]",
            "{\"type\":\"text\"}", "{\"url\":5}", "99999999999999999999"];
        string whole =
            """{"model":"ours","stream":false,"n":1,"temperature":0.5,"max_tokens":5,"stream_options":{"include_usage":true},"tools":[{"type":"function"}],"messages":[{"role":"system","content":"s"},{"role":"user","name":"u","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,@"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"r"}]}""".Replace("@", Pixel);
        Assert.Equal(200, (await gateway.PostAsync("/v1/chat/completions", whole)).Status);
        await Gen.Select(Gen.Int[0, 1_000_000], Gen.Int[0, odd.Length], Gen.Bool).SampleAsync(async (at, which, moderations) =>
        {
            string body = which == odd.Length ? whole[..(at % whole.Length)] : Exchange(whole, at, odd[which]);
            if (moderations) body = body.Replace("\"messages\"", "\"input\"");
            (int status, JsonNode? answer) = await gateway.PostAsync(moderations ? "/v1/moderations" : "/v1/chat/completions", body);
            Assert.True(status is 200 or (>= 400 and < 500), $"{status} for {body}");
            if (status != 200) Assert.NotNull(answer!["error"]!["message"]);
        }, iter: 1500, threads: 4);
    }

    [Theory]
    [InlineData(null, "missing_api_key")]
    [InlineData("wrong", "invalid_api_key")]
    [InlineData("expired-key", "expired_api_key")]
    public async Task WithoutAKeyNothingIsHad(string? key, string code)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach (string path in (string[])["/v1/chat/completions", "/v1/moderations"])
        {
            (int status, JsonNode? body) = await gateway.PostAsync(path, "{}", key);
            Assert.Equal((401, code), (status, body!["error"]!["code"]!.GetValue<string>()));
        }
        foreach (string path in (string[])["/v1/models", "/metrics", "/v1/nothing"])
            Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.GetAsync(path, key)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gateway.GetAsync("/healthz", key)).StatusCode);
    }

    [Fact]
    public async Task ModelsAreListedAndKeysKeptToTheirs()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        OpenAIModelCollection models = await gateway.Client().GetOpenAIModelClient().GetModelsAsync();
        Assert.Equal(["both", "ours"], models.Select(model => model.Id));
        Assert.Equal("both", (await gateway.Client("narrow-key").GetOpenAIModelClient().GetModelsAsync()).Value.Single().Id);
        Assert.Equal(404, (await gateway.ChatAsync("hi", key: "narrow-key")).Status);
        Assert.Equal(200, (await gateway.ChatAsync("hi", key: "narrow-key", model: "both")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.GetAsync("/v1/models/nothing")).StatusCode);
        Assert.Equal("unknown_url",
            JsonNode.Parse(await (await gateway.GetAsync("/v1/nothing")).Content.ReadAsStringAsync())!["error"]!["code"]!.GetValue<string>());
        Assert.Equal("method_not_allowed",
            JsonNode.Parse(await (await gateway.GetAsync("/v1/chat/completions")).Content.ReadAsStringAsync())!["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task TheOfficialModerationClientWorks()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        ModerationClient client = gateway.Client().GetModerationClient("guard");
        ModerationResult one = await client.ClassifyTextAsync("a forbidden thing");
        Assert.True(one.Flagged);
        ModerationResultCollection several = await client.ClassifyTextAsync(["fine", "a forbidden thing", "fine too"]);
        Assert.Equal([false, true, false], several.Select(result => result.Flagged));
        Assert.True(several[1].Illicit.Flagged);
        Assert.Equal(1, several[1].Illicit.Score);
        Assert.Equal(4, (await gateway.OutcomesAsync()).Count);
    }

    [Fact]
    public async Task ModerationTakesImages()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string Body(string url, string text) => new JsonObject
        {
            ["input"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text },
                new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = url } }),
        }.ToJsonString();
        (int status, JsonNode? body) = await gateway.PostAsync("/v1/moderations", Body($"data:image/png;base64,{Pixel}", "forbidden"));
        Assert.Equal(200, status);
        JsonNode result = Assert.Single(body!["results"]!.AsArray())!;
        Assert.True(result["categories"]!["dangerous_behavior"]!.GetValue<bool>());
        Assert.Equal("severe", result["severity"]!.GetValue<string>());
        Assert.Equal(400, (await gateway.PostAsync("/v1/moderations", Body("https://example.org/a.png", "x"))).Status);
    }

    [Fact]
    public async Task ImagesGoOnUnderTheirTrueType()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        string body =
            $$$"""{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/svg+xml;base64,{{{Pixel}}}","detail":"low"}}]}]}""";
        Assert.Equal(200, (await gateway.PostAsync("/v1/chat/completions", body)).Status);
        JsonNode image = gateway.Upstream.Requests.Single()["messages"]![0]!["content"]![0]!["image_url"]!;
        Assert.Equal($"data:image/png;base64,{Pixel}", image["url"]!.GetValue<string>());
        Assert.Equal("low", image["detail"]!.GetValue<string>());
    }

    [Fact]
    public async Task GiantRequestsAreTurnedAway()
    {
        await using RunningGateway gateway =
            await RunningGateway.StartAsync("limits: { body_bytes: 20000, image_bytes: 1024, image_pixels: 10000, images: 2, messages: 3 }");
        (int large, JsonNode? refusal) = await gateway.ChatAsync(new string('x', 30_000));
        Assert.Equal((413, "The request is larger than 20000 bytes, the most that is taken here (limits.body_bytes)."), (large, Message(refusal)));
        string Image(string base64) =>
            $$$"""{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{base64}}}"}}]}]}""";
        byte[] bomb = Convert.FromBase64String(Pixel);
        (bomb[17], bomb[18], bomb[21], bomb[22]) = (1, 1, 1, 1); // 65,793 pixels wide and high, in 70 bytes
        foreach (string base64 in (string[])[Convert.ToBase64String(bomb), Convert.ToBase64String(new byte[2000])])
        {
            (int status, JsonNode? body) = await gateway.PostAsync("/v1/chat/completions", Image(base64));
            Assert.Equal((400, "image_too_large"), (status, body!["error"]!["code"]!.GetValue<string>()));
        }
        string part = $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}}""";
        (int many, refusal) = await gateway.PostAsync("/v1/chat/completions",
            $$"""{"model":"ours","messages":[{"role":"user","content":[{{part}},{{part}},{{part}}]}]}""");
        Assert.Equal((400, "The request has more than 2 images, the most that are taken here (limits.images)."), (many, Message(refusal)));
        string message = """{"role":"user","content":"x"}""";
        Assert.Equal(400, (await gateway.PostAsync("/v1/chat/completions",
            $$"""{"model":"ours","messages":[{{message}},{{message}},{{message}},{{message}}]}""")).Status);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"ours","messages":[{"role":"user","content":[PART]}]}""")]
    [InlineData("/v1/moderations", """{"input":[PART]}""")]
    public async Task WhereNoImagesAreTakenTheRefusalSaysSo(string path, string body)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync("limits: { images: 0 }");
        string part = $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}}""";
        (int status, JsonNode? refusal) = await gateway.PostAsync(path, body.Replace("PART", part, StringComparison.Ordinal));
        Assert.Equal((400, "No images are taken here; send text alone (limits.images is 0)."), (status, Message(refusal)));
    }

    private static string Message(JsonNode? body) => body!["error"]!["message"]!.GetValue<string>();

    [Fact]
    public async Task LimitsAreKept()
    {
        await using RunningGateway requests = await RunningGateway.StartAsync(keyMore: ", requests_per_minute: 3");
        int[] statuses = [.. await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => (await requests.ChatAsync("hi")).Status))];
        Assert.Equal((3, 2), (statuses.Count(status => status == 200), statuses.Count(status => status == 429)));
        using HttpResponseMessage limited = await requests.SendAsync("/v1/chat/completions", "{}");
        Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 20);
        await using RunningGateway tokens = await RunningGateway.StartAsync(keyMore: ", tokens_per_minute: 20");
        Assert.Equal(200, (await tokens.ChatAsync("hi")).Status);
        Assert.Equal(200, (await tokens.ChatAsync("hi", stream: true)).Status);
        Assert.Equal(429, (await tokens.ChatAsync("hi")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task DraftsThatAreWithheldCountAgainstTheTokenLimit(bool stream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(keyMore: ", tokens_per_minute: 40"); // a draft takes 15; with two more tries, 45
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "forbidden");
        Assert.Equal(200, (await gateway.ChatAsync("hi", stream)).Status);
        Assert.Equal(429, (await gateway.ChatAsync("hi", stream)).Status);
    }

    [Fact]
    public async Task MetricsCountAndNeedARole()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await gateway.ChatAsync("hi");
        await gateway.ChatAsync("forbidden");
        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.GetAsync("/metrics")).StatusCode);
        string text = await (await gateway.GetAsync("/metrics", RunningGateway.OperatorKey)).Content.ReadAsStringAsync();
        Assert.Contains("gateway_outcomes_total{outcome=\"Passed\"} 1\n", text);
        Assert.Contains("gateway_outcomes_total{outcome=\"PromptRefused\"} 1\n", text);
        Assert.Contains("gateway_flagged_total{side=\"prompt\",category=\"dangerous_behavior\",severity=\"Severe\"} 1\n", text);
        Assert.Contains("gateway_request_seconds_bucket{le=\"+Inf\"} 2\n", text);
    }

    private static string Exchange(string whole, int at, string value)
    {
        JsonNode root = JsonNode.Parse(whole)!;
        List<Action<JsonNode?>> places = [];
        Collect(root);
        // A mark holds the place, since values that JsonNode would refuse (1e400, broken escapes) must go in as text.
        places[at % places.Count](JsonValue.Create("@@@"));
        return root.ToJsonString().Replace("\"@@@\"", value);

        void Collect(JsonNode node)
        {
            if (node is JsonObject map)
            {
                foreach (string name in map.Select(pair => pair.Key).ToArray())
                {
                    places.Add(replacement => map[name] = replacement);
                    if (map[name] is { } child) Collect(child);
                }
            }
            else if (node is JsonArray list)
            {
                for (int i = 0; i < list.Count; i++)
                {
                    int index = i;
                    places.Add(replacement => list[index] = replacement);
                    if (list[i] is { } child) Collect(child);
                }
            }
        }
    }
}
