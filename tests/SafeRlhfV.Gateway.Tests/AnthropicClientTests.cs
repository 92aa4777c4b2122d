using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The official Anthropic client before the gateway, unchanged but for its address and key.</summary>
public sealed class AnthropicClientTests
{
    [Fact]
    public async Task TheOfficialClientWorksUnchanged()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using AnthropicClient client = Client(gateway);
        MessageCreateParams ask = new() { MaxTokens = 50, Model = "ours", Messages = [new UserMessageParam("Hello")] };
        Message answer = await client.Messages.Create(ask, TestContext.Current.CancellationToken);
        answer.Validate();
        Assert.True(answer.Content[0].TryPickText(out TextBlock? text));
        Assert.Equal("All is well.", text!.Text);
        Assert.Equal(10, answer.Usage.InputTokens);
        MessageTokensCount count = await client.Messages.CountTokens(
            new() { Model = "ours", Messages = [new UserMessageParam("Hello")] }, TestContext.Current.CancellationToken);
        Assert.Equal(10, count.InputTokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TextsCallsAndRefusalsComeThrough(bool stream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using AnthropicClient client = Client(gateway);
        using IChatClient chat = client.AsIChatClient("ours", 50);
        ChatOptions options = new()
        {
            Instructions = "Be brief.",
            Tools = [AIFunctionFactory.Create((string city) => "sun", "weather", "the weather")],
        };
        ChatResponse answer = await AskAsync(chat, "Hello", options, stream);
        Assert.Equal("All is well.", answer.Text);
        Assert.Equal(15, answer.Usage!.TotalTokenCount);

        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, "I look.", [Call("a", "Rome"), Call("b", "Oslo")]);
        answer = await AskAsync(chat, "Hello", options, stream);
        FunctionCallContent[] calls = [.. answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
        Assert.Equal(["a:Rome", "b:Oslo"], calls.Select(call => $"{call.CallId}:{call.Arguments!["city"]}"));

        answer = await AskAsync(chat, "a forbidden thing", options, stream);
        Assert.NotEqual("", answer.Text);
        Assert.Equal(2, gateway.Upstream.Requests.Count);
    }

    [Fact]
    public async Task ErrorsAreTheClientsOwn()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using AnthropicClient stranger = new() { BaseUrl = gateway.Http.BaseAddress!.ToString().TrimEnd('/'), ApiKey = "wrong", MaxRetries = 0 };
        MessageCreateParams ask = new() { MaxTokens = 50, Model = "ours", Messages = [new UserMessageParam("Hello")] };
        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => stranger.Messages.Create(ask, TestContext.Current.CancellationToken));
        using AnthropicClient client = Client(gateway);
        await Assert.ThrowsAsync<AnthropicNotFoundException>(
            () => client.Messages.Create(ask with { Model = "none" }, TestContext.Current.CancellationToken));
    }

    private static AnthropicClient Client(RunningGateway gateway) =>
        new() { BaseUrl = gateway.Http.BaseAddress!.ToString().TrimEnd('/'), ApiKey = RunningGateway.Key, MaxRetries = 0 };

    private static async Task<ChatResponse> AskAsync(IChatClient chat, string text, ChatOptions options, bool stream) => stream
        ? await chat.GetStreamingResponseAsync(text, options, TestContext.Current.CancellationToken).ToChatResponseAsync(TestContext.Current.CancellationToken)
        : await chat.GetResponseAsync(text, options, TestContext.Current.CancellationToken);

    private static JsonObject Call(string id, string city) => StubUpstream.Call(id, "weather", $$"""{"city":"{{city}}"}""");
}
