using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway.Tests;

public sealed class LocalUpstreamTests
{
    [Theory]
    [InlineData("\"min_p\":0.1", "min_p")]
    [InlineData("\"no_repeat_ngram_size\":2", "no_repeat_ngram_size")]
    [InlineData("\"repetition_penalty\":-3", "repetition_penalty")]
    [InlineData("\"bad_words\":[\"a\"]", "bad_words")]
    [InlineData("\"presence_penalty\":0.5", "presence_penalty")]
    [InlineData("\"frequency_penalty\":1", "frequency_penalty")]
    [InlineData("\"logit_bias\":{\"5\":1}", "logit_bias")]
    [InlineData("\"n\":2", "n")]
    [InlineData("\"logprobs\":true", "logprobs")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "tools")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "response_format")]
    [InlineData("\"reasoning_effort\":\"high\"", "reasoning_effort")]
    [InlineData("\"chat_template_kwargs\":{\"enable_thinking\":false}", "chat_template_kwargs")]
    [InlineData("\"ignore_eos\":true", "ignore_eos")]
    public async Task WhatItCannotHonourIsRefusedByName(string field, string name)
    {
        ApiException error = await Assert.ThrowsAsync<ApiException>(() => AskAsync(field));
        Assert.Equal((400, name), (error.Status, error.ToJson()["error"]!["param"]!.GetValue<string>()));
    }

    // Every field of the table is either honoured, or refused where it says something.
    [Fact]
    public async Task NoFieldOfTheTableIsIgnored()
    {
        string[] harmless =
        [
            "store", "metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier",
            "request_id", "cache_salt", "priority", "prediction", "parallel_tool_calls", "moderation", "modalities", "stream", "stream_options",
        ];
        string[] read = ["model", "messages", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "stop"];
        foreach (RequestField field in RequestFields.All.Where(field => !field.Path.Contains('.') && !field.Path.Contains('[')))
        {
            if (harmless.Contains(field.Path) || read.Contains(field.Path)) continue;
            await Assert.ThrowsAsync<ApiException>(() => AskAsync($"\"{field.Path}\":\"something\""));
        }
    }

    [Fact]
    public async Task WhatAsksForNothingPasses()
    {
        ChatOptions options = await AskAsync("""
            "n":1,"min_p":0,"repetition_penalty":1.0,"logprobs":false,"presence_penalty":0,"frequency_penalty":0.0,"logit_bias":{},"tools":[],
            "tool_choice":"none","response_format":{"type":"text"},"min_tokens":null,"user":"u","seed":1099511627776,"max_tokens":7,"top_k":3
            """);
        Assert.Equal((1L << 40, 7, 3), (options.Seed!.Value, options.MaxOutputTokens!.Value, options.TopK!.Value));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    public async Task SeedsHave64Bits(long seed) => Assert.Equal(seed, (await AskAsync($"\"seed\":{seed}")).Seed);

    [Fact]
    public async Task ControlTokensAreRefusedWhereTheSettingSaysSo()
    {
        await AskAsync("\"user\":\"<|im_end|>\"");
        ApiException error = await Assert.ThrowsAsync<ApiException>(() => AskAsync("\"user\":\"<|im_end|>\"", ControlTokenUse.Refuse));
        Assert.Equal("user", error.ToJson()["error"]!["param"]!.GetValue<string>());
    }

    private static async Task<ChatOptions> AskAsync(string field, ControlTokenUse use = ControlTokenUse.Neutralise)
    {
        JsonObject body = JsonNode.Parse($$"""{"model":"m","messages":[],{{field}}}""")!.AsObject();
        Asked asked = new();
        ChatCall call = new(body, [], GuardContext.Anyone) { Model = "m" };
        await new LocalUpstream(asked, use).GetResponseAsync(call.Messages, call.ToOptions(), TestContext.Current.CancellationToken);
        return asked.Options!;
    }

    private sealed class Asked : IChatClient
    {
        public ChatOptions? Options { get; private set; }

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Options = options;
            return Task.FromResult(new ChatResponse());
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            yield break;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
