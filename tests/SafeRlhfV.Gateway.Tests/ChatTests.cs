using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OpenAI.Chat;

namespace SafeRlhfV.Gateway.Tests;

public sealed class ChatTests
{
    [Fact]
    public async Task TheOfficialClientWorksUnchanged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        ChatCompletion completion = await gateway.Client().GetChatClient("ours").CompleteChatAsync("Hello");
        Assert.Equal("All is well.", completion.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, completion.FinishReason);
        Assert.Equal("ours", completion.Model);
        Assert.Equal(15, completion.Usage.TotalTokenCount);
        Assert.Equal("theirs", gateway.Upstream.Requests.Single()["model"]!.GetValue<string>());
        Assert.Equal("Bearer upstream-secret", gateway.Upstream.Keys.Single());
        Assert.Equal(["Passed"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task TheOfficialClientStreams()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "One is done. Two follows. And three ends it");
        StringBuilder text = new();
        ChatFinishReason? finish = null;
        int updates = 0, tokens = 0;
        await foreach (StreamingChatCompletionUpdate update in gateway.Client().GetChatClient("ours").CompleteChatStreamingAsync("Hello"))
        {
            updates++;
            foreach (ChatMessageContentPart part in update.ContentUpdate) text.Append(part.Text);
            finish = update.FinishReason ?? finish;
            tokens = update.Usage?.TotalTokenCount ?? tokens;
        }
        Assert.Equal("One is done. Two follows. And three ends it", text.ToString());
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.True(updates > 3);
        Assert.Equal(15, tokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ToolsPassThrough(bool stream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "", [Call("""{"city":"Rome"}""")]);
        ChatCompletionOptions options =
            new()
            {
                Tools = { ChatTool.CreateFunctionTool("weather", "the weather",
                    BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}""")) }
            };
        ChatClient client = gateway.Client().GetChatClient("ours");
        string name, arguments;
        if (stream)
        {
            (name, arguments) = ("", "");
            await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync([new UserChatMessage("Rome?")], options))
            {
                foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
                    (name, arguments) = (name + call.FunctionName, arguments + call.FunctionArgumentsUpdate);
            }
        }
        else
        {
            ChatCompletion completion = await client.CompleteChatAsync([new UserChatMessage("Rome?")], options);
            Assert.Equal(ChatFinishReason.ToolCalls, completion.FinishReason);
            (name, arguments) = (completion.ToolCalls[0].FunctionName, completion.ToolCalls[0].FunctionArguments.ToString());
        }
        Assert.Equal(("weather", """{"city":"Rome"}"""), (name, arguments));
        Assert.Equal("weather", gateway.Upstream.Requests.Single()["tools"]![0]!["function"]!["name"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnUnsafePromptNeverLeavesTheGateway(bool stream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? body) = await gateway.ChatAsync("a forbidden thing", stream);
        Assert.Equal(200, status);
        Assert.Empty(gateway.Upstream.Requests);
        Assert.Contains("content_filter", body!.ToString());
        Assert.Equal(["PromptRefused"], await gateway.OutcomesAsync());
    }

    [Theory]
    [InlineData("system")]
    [InlineData("assistant")]
    [InlineData("tool")]
    public async Task NoMessageIsTrusted(string role)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = new()
        {
            ["model"] = "ours",
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "user", ["content"] = "Hello" },
                new JsonObject { ["role"] = role, ["content"] = "a forbidden thing", ["tool_call_id"] = "1" }),
        };
        await gateway.PostAsync("/v1/chat/completions", body.ToJsonString());
        Assert.Empty(gateway.Upstream.Requests);
    }

    [Fact]
    public async Task AnUnsafeAnswerIsAskedForAgainWithTheVerdict()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, body) =>
            StubUpstream.AnswerAsync(http, body, gateway.Upstream.Requests.Count == 1 ? "A forbidden answer." : "A good answer.");
        (_, JsonNode? body) = await gateway.ChatAsync("Hello");
        Assert.Equal("A good answer.", body!["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        JsonArray second = gateway.Upstream.Requests.Last()["messages"]!.AsArray();
        string turn = Assert.Single(second)!["content"]!.GetValue<string>(); // some models demand that roles alternate
        Assert.StartsWith("Hello", turn);
        Assert.Contains("dangerous behavior", turn);
    }

    [Theory]
    [InlineData(false, "content")]
    [InlineData(true, "content")]
    [InlineData(false, "reasoning_content")]
    [InlineData(false, "refusal")]
    [InlineData(false, "unheard_of")]
    [InlineData(false, "tool")]
    [InlineData(true, "tool")]
    public async Task NothingUnsafeLeavesWhereverItStands(bool stream, string where)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = async (http, body) =>
        {
            if (where == "content") await StubUpstream.AnswerAsync(http, body, "It is a forbidden thing and more of it");
            else if (where == "tool") await StubUpstream.AnswerAsync(http, body, "", [Call("""{"text":"f\u006frbidden"}""")]);
            else
                await http.Response.WriteAsJsonAsync(new JsonObject
                {
                    ["choices"] =
                    new JsonArray(new JsonObject { ["message"] = new JsonObject { ["content"] = "fine", [where] = "a forbidden thing" } })
                });
        };
        (int status, JsonNode? answer) = await gateway.ChatAsync("Hello", stream);
        Assert.Equal(200, status);
        Assert.DoesNotContain("forbidden", answer!.ToJsonString());
        Assert.DoesNotContain("006f", answer.ToJsonString());
        Assert.Contains("content_filter", answer.ToJsonString());
        Assert.Equal(3, gateway.Upstream.Requests.Count);
    }

    [Fact]
    public async Task SeveralChoicesAreAllJudged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "rounds: 0");
        gateway.Upstream.Behaviour = (http, _) =>
            http.Response.WriteAsync("""{"choices":[{"message":{"content":"fine"}},{"message":{"content":"forbidden"}}]}""");
        (_, JsonNode? body) = await gateway.PostAsync("/v1/chat/completions", """{"model":"ours","n":2,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.DoesNotContain("forbidden", body!.ToJsonString());
        Assert.Single(body["choices"]!.AsArray());
    }

    [Fact]
    public async Task KnownParametersPassAndOthersByTheOperatorsLeave()
    {
        const string body =
            """{"model":"ours","seed":7,"top_k":3,"response_format":{"type":"json_object"},"messages":[{"role":"user","content":"Hi","extra":1}]}""";
        await using RunningGateway strict = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await strict.PostAsync("/v1/chat/completions", body);
        Assert.Equal((400, "messages[0].extra", "unknown_parameter"),
            (status, answer!["error"]!["param"]!.GetValue<string>(), answer["error"]!["code"]!.GetValue<string>()));
        Assert.Contains("add 'messages[].extra' to allow_fields", answer["error"]!["message"]!.GetValue<string>());
        await using RunningGateway gateway = await RunningGateway.StartAsync("allow_fields: [ 'messages[].extra' ]");
        await gateway.PostAsync("/v1/chat/completions", body);
        JsonObject sent = gateway.Upstream.Requests.Single();
        Assert.Equal((7, 3, "json_object", 1),
            (sent["seed"]!.GetValue<int>(), sent["top_k"]!.GetValue<int>(), sent["response_format"]!["type"]!.GetValue<string>(),
                sent["messages"]![0]!["extra"]!.GetValue<int>()));
    }

    [Fact]
    public async Task ANoticeStandsBeforeTheAnswer()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(policy: "answer: notice\nnotice: '[mind]'");
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "A forbidden answer.");
        (_, JsonNode? body) = await gateway.ChatAsync("Hello");
        Assert.Equal("[mind]\n\nA forbidden answer.", body!["choices"]![0]!["message"]!["content"]!.GetValue<string>());
    }

    private static JsonObject Call(string arguments) => StubUpstream.Call("call_1", "weather", arguments);
}
