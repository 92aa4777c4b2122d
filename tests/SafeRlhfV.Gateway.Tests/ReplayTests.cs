using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>What real servers sent, as the upstream of each wire: it comes out guarded and well formed.</summary>
public sealed class ReplayTests
{
    [Theory]
    [InlineData("vllm", "gw-")]
    [InlineData("transformers", "")]
    public async Task ChatCompletionsOfRealServersComeOutOnEachWire(string server, string prefix)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        int held = 0, failed = 0;
        foreach (ServerRecording recording in ServerRecording.All(prefix, server))
        {
            if (recording.Status != 200 || recording.UrlPath != "/v1/chat/completions") continue;
            gateway.Upstream.Behaviour = (http, _) => recording.ReplayAsync(http);
            if (recording.HasFailed)
            {
                await HoldFailureAsync(gateway, recording);
                failed++;
                continue;
            }
            (string said, JsonArray calls) = Said(recording);
            await HoldChatAsync(gateway, recording, said);
            await HoldResponsesAsync(gateway, recording, said, calls);
            await HoldMessagesAsync(gateway, recording, said, calls);
            held++;
        }
        Assert.True(held > 5, $"{held}");
        IReadOnlyList<string?> outcomes = await gateway.OutcomesAsync();
        Assert.Equal(failed * 3, outcomes.Count(outcome => outcome == "ModelFailed"));
        Assert.All(outcomes, outcome => Assert.Contains(outcome, (string[])["Passed", "ModelFailed"]));
    }

    // A stream that says that it has failed, or breaks off, is a failed call, whatever its status was.
    private static async Task HoldFailureAsync(RunningGateway gateway, ServerRecording recording)
    {
        foreach ((string path, string body, string mark) in new[]
        {
            ("/v1/chat/completions", """{"model":"ours","stream":true,"messages":[{"role":"user","content":"Hello"}]}""", "\"error\""),
            ("/v1/responses", """{"model":"ours","stream":true,"input":"Hello"}""", "response.failed"),
            ("/v1/messages", """{"model":"ours","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"Hello"}]}""", "\"type\":\"error\""),
        })
        {
            using HttpResponseMessage response = await gateway.SendAsync(path, body);
            string answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Contains((int)response.StatusCode >= 500 ? "\"error\"" : mark, answer);
            Assert.DoesNotContain("[DONE]", answer);
        }
        Assert.True(recording.IsStream);
    }

    private static async Task HoldChatAsync(RunningGateway gateway, ServerRecording recording, string said)
    {
        JsonObject request = recording.Request;
        request["model"] = "ours";
        string body = await SendAsync(gateway, "/v1/chat/completions", request);
        if (!recording.IsStream)
        {
            Assert.Equal(said, JsonNode.Parse(body)!["choices"]![0]!["message"]!["content"]?.GetValue<string>() ?? "");
            return;
        }
        string[] events = [.. body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)];
        Assert.Equal("data: [DONE]", events[^1]);
        Assert.Equal(said, Text(events[..^1].Select(one => JsonNode.Parse(one["data: ".Length..])!)));
    }

    private static async Task HoldResponsesAsync(RunningGateway gateway, ServerRecording recording, string said, JsonArray calls)
    {
        string body = await SendAsync(gateway, "/v1/responses",
            new() { ["model"] = "ours", ["input"] = "Hello", ["stream"] = recording.IsStream });
        JsonObject response = recording.IsStream ? ResponseState.Gathered(EventStream.Read(body)) : (JsonObject)JsonNode.Parse(body)!;
        Assert.Equal(said, string.Concat(response["output"]!.AsArray().Where(Is("message")).Select(item => item!["content"]![0]!["text"]!.GetValue<string>())));
        Assert.Equal(calls.Select(call => call!.GetValue<string>()),
            response["output"]!.AsArray().Where(Is("function_call")).Select(item => item!["arguments"]!.GetValue<string>()));
    }

    private static async Task HoldMessagesAsync(RunningGateway gateway, ServerRecording recording, string said, JsonArray calls)
    {
        JsonObject request = new()
        {
            ["model"] = "ours",
            ["max_tokens"] = 5,
            ["stream"] = recording.IsStream,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hello" }),
        };
        int objects = calls.Count(call => Parsed(call) is JsonObject), cut = calls.Count(call => Parsed(call) is null);
        bool isObject = objects + cut == calls.Count;
        string body = await SendAsync(gateway, "/v1/messages", request, isObject || recording.IsStream ? 200 : 502);
        if (!isObject) // no client could read them
        {
            Assert.Equal("error", (recording.IsStream ? EventStream.Read(body)[^1] : JsonNode.Parse(body)!)["type"]!.GetValue<string>());
            return;
        }
        JsonObject message = recording.IsStream ? MessagesTests.Gathered(EventStream.Read(body)) : (JsonObject)JsonNode.Parse(body)!;
        Assert.Equal(said, string.Concat(message["content"]!.AsArray().Where(Is("text")).Select(block => block!["text"]!.GetValue<string>())));
        Assert.Equal(recording.IsStream ? calls.Count : objects, message["content"]!.AsArray().Count(Is("tool_use")));
    }

    private static async Task<string> SendAsync(RunningGateway gateway, string path, JsonObject request, int status = 200)
    {
        using HttpResponseMessage response = await gateway.SendAsync(path, request.ToJsonString());
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{path}: {body}");
        return body;
    }

    // Null where the arguments were cut by the answer's length.
    private static JsonNode? Parsed(JsonNode? arguments)
    {
        try
        {
            return JsonNode.Parse(arguments!.GetValue<string>());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // The first choice's text and the arguments of its calls.
    private static (string Text, JsonArray Calls) Said(ServerRecording recording)
    {
        if (!recording.IsStream)
        {
            JsonNode message = JsonNode.Parse(recording.Reply)!["choices"]![0]!["message"]!;
            return (message["content"]?.GetValue<string>() ?? "",
                [.. (message["tool_calls"] as JsonArray ?? []).Select(call => call!["function"]!["arguments"]!.DeepClone())]);
        }
        JsonNode[] chunks = [.. recording.Reply.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Where(one => one != "data: [DONE]").Select(one => JsonNode.Parse(one["data: ".Length..])!)];
        SortedDictionary<int, string> calls = [];
        foreach (JsonNode? call in First(chunks).SelectMany(choice => choice["delta"]?["tool_calls"] as JsonArray ?? []))
        {
            int index = call!["index"]!.GetValue<int>();
            calls[index] = calls.GetValueOrDefault(index) + call["function"]?["arguments"]?.GetValue<string>();
        }
        return (Text(chunks), [.. calls.Values]);
    }

    private static string Text(IEnumerable<JsonNode> chunks) =>
        string.Concat(First(chunks).Select(choice => choice["delta"]?["content"]?.GetValue<string>()));

    private static IEnumerable<JsonNode> First(IEnumerable<JsonNode> chunks) =>
        chunks.SelectMany(chunk => chunk["choices"] as JsonArray ?? []).Where(choice => choice!["index"]!.GetValue<int>() == 0)!;

    private static Func<JsonNode?, bool> Is(string type) => item => item!["type"]!.GetValue<string>() == type;
}
