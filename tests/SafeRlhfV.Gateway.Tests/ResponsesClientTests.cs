using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI.Responses;

#pragma warning disable OPENAI001 // the official client's Responses are marked as an experiment

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The official OpenAI client and Microsoft.Extensions.AI over Responses and over Chat Completions, unchanged but for their address and key.</summary>
public sealed class ResponsesClientTests
{
    [Fact]
    public async Task TheOfficialClientWorksUnchanged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        ResponsesClient client = gateway.Client().GetResponsesClient();
        ResponseResult answer = await client.CreateResponseAsync(Ask("Hello"), TestContext.Current.CancellationToken);
        Assert.Equal("All is well.", answer.GetOutputText());
        Assert.Equal(ResponseStatus.Completed, answer.Status);
        Assert.Equal(15, answer.Usage.TotalTokenCount);
        CreateResponseOptions more = Ask("More");
        more.PreviousResponseId = answer.Id;
        await client.CreateResponseAsync(more, TestContext.Current.CancellationToken);
        Assert.Equal(3, gateway.Upstream.Requests.Last()["messages"]!.AsArray().Count);
        ResponseResult refused = await client.CreateResponseAsync(Ask("a forbidden thing"), TestContext.Current.CancellationToken);
        Assert.Equal(ResponseContentPartKind.Refusal, ((MessageResponseItem)refused.OutputItems[0]).Content[0].Kind);
    }

    [Fact]
    public async Task TheOfficialClientStreams()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "One is done. Two follows.", [Call("a", "Rome"), Call("b", "Oslo")]);
        CreateResponseOptions ask = Ask("Hello");
        ask.StreamingEnabled = true;
        string text = "";
        ResponseResult? whole = null;
        await foreach (StreamingResponseUpdate update in await gateway.Client().GetResponsesClient()
            .CreateResponseStreamingAsync(ask, TestContext.Current.CancellationToken))
        {
            if (update is StreamingResponseOutputTextDeltaUpdate delta) text += delta.Delta;
            if (update is StreamingResponseCompletedUpdate completed) whole = completed.Response;
        }
        Assert.Equal("One is done. Two follows.", text);
        Assert.Equal(["a", "b"], whole!.OutputItems.OfType<FunctionCallResponseItem>().Select(call => call.CallId));
    }

    // The version of Microsoft.Extensions.AI.OpenAI that is to be had calls a streaming method that this OpenAI client has not.
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task TextsCallsAndRefusalsComeThrough(bool responses, bool stream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IChatClient chat = responses
            ? gateway.Client().GetResponsesClient().AsIChatClient("ours")
            : gateway.Client().GetChatClient("ours").AsIChatClient();
        ChatOptions options = new()
        {
            Instructions = "Be brief.",
            Tools = [AIFunctionFactory.Create((string city) => "sun", "weather", "the weather")],
        };
        ChatResponse answer = await AskAsync(chat, [new(ChatRole.User, "Hello")], options, stream);
        Assert.Equal("All is well.", answer.Text);
        Assert.Equal(15, answer.Usage!.TotalTokenCount);

        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "I look.", [Call("a", "Rome"), Call("b", "Oslo")]);
        answer = await AskAsync(chat, [new(ChatRole.User, "Hello")], options, stream);
        FunctionCallContent[] calls = [.. answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
        Assert.Equal(["a:Rome", "b:Oslo"], calls.Select(call => $"{call.CallId}:{call.Arguments!["city"]}"));

        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "Sun.");
        List<ChatMessage> turns = [new(ChatRole.User, "Hello"), .. answer.Messages,
            new(ChatRole.Tool, [new FunctionResultContent("a", "sun"), new FunctionResultContent("b", "rain")])];
        ChatOptions next = options.Clone();
        next.ConversationId = null;
        answer = await AskAsync(chat, turns, next, stream);
        Assert.Equal("Sun.", answer.Text);

        answer = await AskAsync(chat, [new(ChatRole.User, "a forbidden thing")], options, stream);
        Assert.True(answer.FinishReason == ChatFinishReason.ContentFilter || answer.Messages.SelectMany(message => message.Contents)
            .OfType<ErrorContent>().Any());
        Assert.Equal(3, gateway.Upstream.Requests.Count);
    }

    private static CreateResponseOptions Ask(string text) => new() { Model = "ours", InputItems = { ResponseItem.CreateUserMessageItem(text) } };

    private static async Task<ChatResponse> AskAsync(IChatClient chat, IEnumerable<ChatMessage> messages, ChatOptions options, bool stream) => stream
        ? await chat.GetStreamingResponseAsync(messages, options, TestContext.Current.CancellationToken)
            .ToChatResponseAsync(TestContext.Current.CancellationToken)
        : await chat.GetResponseAsync(messages, options, TestContext.Current.CancellationToken);

    private static JsonObject Call(string id, string city) => StubUpstream.Call(id, "weather", $$"""{"city":"{{city}}"}""");
}
