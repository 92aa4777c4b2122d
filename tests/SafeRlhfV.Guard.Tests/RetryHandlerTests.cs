using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class RetryHandlerTests
{
    private static readonly ServiceRetry Quick = new() { Retries = 3, First = TimeSpan.FromMilliseconds(1) };

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(408)]
    public async Task WhatPassesIsTriedAgainWithTheSameBody(int status)
    {
        Script script = new(status, status, 200);
        using HttpClient http = new(new RetryHandler(Quick, script, stops: true));
        using HttpResponseMessage response = await http.PostAsync("http://service.test/v1/x", new StringContent("body"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["body", "body", "body"], script.Bodies);
    }

    [Fact]
    public async Task RetryAfterIsWaitedFor()
    {
        using HttpClient http = new(new RetryHandler(Quick, new Script(429, 200) { RetryAfter = "1" }, stops: true));
        Stopwatch watch = Stopwatch.StartNew();
        using HttpResponseMessage response = await http.GetAsync("http://service.test/", TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode && watch.Elapsed > TimeSpan.FromMilliseconds(950), $"{watch.Elapsed}");
    }

    [Fact]
    public async Task AServiceThatDeniesEverythingIsAskedOnceAndItsMessageHoldsNoKey()
    {
        Script script = new(401) { Body = """{"error":{"message":"Incorrect key: sk-secret","code":"invalid_api_key"}}""" };
        using HttpClient http = new(new RetryHandler(Quick, script, stops: true));
        http.DefaultRequestHeaders.Authorization = new("Bearer", "sk-secret");
        for (int i = 0; i < 2; i++)
        {
            ServiceException error = await Assert.ThrowsAsync<ServiceException>(() =>
                http.GetAsync("http://service.test/v1", TestContext.Current.CancellationToken));
            Assert.Contains("401 Unauthorized: Incorrect key: *** (invalid_api_key)", error.Message);
            Assert.Contains("http://service.test/v1", error.Message);
        }
        Assert.Single(script.Bodies);
    }

    [Fact]
    public async Task ARefusedRequestIsTheCallersAndAFailingServiceIsToldAfterAllTries()
    {
        using HttpClient refusing = new(new RetryHandler(Quick, new Script(400), stops: true)),
            failing = new(new RetryHandler(Quick, new Script(500), stops: true)), passing = new(new RetryHandler(Quick, new Script(500), stops: false));
        Assert.Equal(HttpStatusCode.BadRequest, (await refusing.GetAsync("http://service.test/", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Contains("(4 attempts)",
            (await Assert.ThrowsAsync<ServiceException>(() => failing.GetAsync("http://service.test/", TestContext.Current.CancellationToken))).Message);
        Assert.Equal(HttpStatusCode.InternalServerError, (await passing.GetAsync("http://service.test/", TestContext.Current.CancellationToken)).StatusCode);
    }

    // Proxies, login pages and wrong addresses answer 200; what has no JSON at all is no such service, and is not asked again.
    [Theory]
    [InlineData("chat/completions", "<html>Sign in</html>", "the answer is no JSON object", 4)]
    [InlineData("chat/completions", " ", "the answer is empty", 4)]
    [InlineData("moderations", "[]", "the answer is no JSON object", 4)]
    [InlineData("chat/completions", "{}", "no readable 'choices'", 8)]
    [InlineData("chat/completions", """{"choices":[]}""", "no readable 'choices'", 8)]
    [InlineData("chat/completions", """{"choices":[{"index":0}]}""", "no readable 'choices'", 8)]
    [InlineData("moderations", """{"choices":[{"message":{}}]}""", "no readable 'results'", 8)]
    [InlineData("moderations", """{"results":[{"flagged":true,"categories":{}}]}""", "no readable 'results'", 8)]
    public async Task AnAnswerThatIsNoneIsToldAfterAllTries(string path, string body, string said, int calls)
    {
        Script script = new(200) { Body = body };
        using HttpClient http = new(new RetryHandler(Quick, script, stops: true));
        for (int i = 0; i < 2; i++)
            Assert.Contains(said,
                (await Assert.ThrowsAsync<ServiceException>(() =>
                    http.PostAsync($"http://service.test/v1/{path}", new StringContent("{}"), TestContext.Current.CancellationToken))).Message);
        Assert.Equal(calls, script.Bodies.Count);
    }

    [Theory]
    [InlineData("chat/completions", """{"choices":[{"message":{"role":"assistant","content":null}}]}""")]
    [InlineData("moderations", """{"results":[{"flagged":false,"categories":{},"category_scores":{"hate":0}}]}""")]
    [InlineData("models", """{"data":[]}""")]
    public async Task ASoundAnswerPassesUnread(string path, string body)
    {
        using HttpClient http = new(new RetryHandler(Quick, new Script(200) { Body = body }, stops: true));
        using HttpResponseMessage response = await http.PostAsync($"http://service.test/v1/{path}", new StringContent("{}"),
            TestContext.Current.CancellationToken);
        Assert.Equal(body, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task TheSchemaOfAJudgingChatModelBoundsEveryField()
    {
        Kept judge = new(new StubChatClient("""{"unsafe": false, "probability": 0.1, "severity": "none", "categories": []}"""));
        Verdict verdict = await new ChatModerator(judge, [new OwnCategory("falcon", "a project", Severity.Minor, [], [])])
            .ModerateAsync(new ModerationRequest("question"), TestContext.Current.CancellationToken);
        Assert.Null(verdict.Failure);
        JsonNode schema = JsonNode.Parse(Assert.IsType<ChatResponseFormatJson>(judge.Options!.ResponseFormat).Schema!.Value.GetRawText())!;
        Bounded(schema);
        Assert.Contains("falcon", schema["properties"]!["categories"]!["items"]!["enum"]!.ToJsonString());
    }

    private static void Bounded(JsonNode schema)
    {
        switch (schema["type"]!.GetValue<string>())
        {
            case "object":
                Assert.False(schema["additionalProperties"]!.GetValue<bool>());
                foreach ((_, JsonNode? field) in schema["properties"]!.AsObject()) Bounded(field!);
                break;
            case "array":
                Assert.NotNull(schema["maxItems"]);
                Bounded(schema["items"]!);
                break;
            case "string": Assert.True(schema["enum"] is not null || schema["maxLength"] is not null); break;
            case "integer" or "number": Assert.True(schema["minimum"] is not null && schema["maximum"] is not null); break;
            case var type: Assert.Equal("boolean", type); break;
        }
    }

    private sealed class Kept(IChatClient inner) : DelegatingChatClient(inner)
    {
        public ChatOptions? Options { get; private set; }

        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            Options = options;
            return base.GetResponseAsync(messages, options, cancellationToken);
        }
    }

    // answers with the statuses in turn, the last one ever after
    private sealed class Script(params int[] statuses) : HttpMessageHandler
    {
        public List<string> Bodies { get; } = [];

        public string Body { get; init; } = "{}";

        public string? RetryAfter { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Bodies.Add(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
            HttpResponseMessage response = new((HttpStatusCode)statuses[Math.Min(Bodies.Count, statuses.Length) - 1])
            {
                Content = new StringContent(Body),
                RequestMessage = request
            };
            if (RetryAfter is not null && !response.IsSuccessStatusCode) response.Headers.TryAddWithoutValidation("Retry-After", RetryAfter);
            return response;
        }
    }
}
