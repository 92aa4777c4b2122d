using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Guard.Tests;

public sealed class EndpointGuardModelTests
{
    [Theory]
    [InlineData("\n\nunsafe\nS1", "\n\n|unsafe|\n|S|1", 1, 0.9, 0.1, 0.9)]
    [InlineData("safe", "safe", 0, 0.2, 0.6, 0.25)]
    [InlineData("unsafe\nS2", "un|safe|\n|S2", 0, 0.3, 0.1, 0.75)]
    public async Task TheLabelsProbabilityIsTheScore(string text, string tokens, int at, double unsafeAt, double safeAt, double score)
    {
        string[] pieces = tokens.Split('|');
        using Stub stub = new(Reply(text, pieces, at, (pieces[at] == "un" ? "un" : "unsafe", unsafeAt), ("safe", safeAt), ("\n", 0.01)));
        Verdict verdict = await stub.JudgeAsync("llamaguard");
        Assert.Null(verdict.Failure);
        Assert.Equal(score, verdict.Score, 6);
        Assert.Equal(text.Trim().StartsWith("un", StringComparison.Ordinal), verdict.IsUnsafe);
        Assert.True(stub.Body!["logprobs"]!.GetValue<bool>());
        Assert.Equal(0, stub.Body!["temperature"]!.GetValue<int>());
        Assert.Equal("Bearer secret", stub.Authorization);
        string address = stub.Body!["messages"]![0]!["content"]![0]!["image_url"]!["url"]!.GetValue<string>();
        Assert.StartsWith("data:image/png;base64,", address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALabelInsideJsonIsFound()
    {
        string text = """{"rating": "Unsafe", "category": "O2: x", "rationale": "it is Safe to say"}""";
        string[] pieces = ["{\"rating", "\": ", "\"Unsafe", "\", \"category\": \"O2: x\", \"rationale\": \"it is Safe to say\"}"];
        using Stub stub = new(Reply(text, pieces, 2, ("\"Unsafe", 0.6), ("\"Safe", 0.2), ("\"", 0.2)));
        Verdict verdict = await stub.JudgeAsync("llavaguard");
        Assert.Equal(0.75, verdict.Score, 6);
    }

    [Fact]
    public async Task TokensOfReasoningThatTheServiceTookOutDoNotCount()
    {
        string[] pieces = ["<think>", "Request: unharmful", "</think>", "Request: ", "harmful"];
        using Stub stub = new(Reply("Request: harmful", pieces, 4, ("harmful", 0.8), ("unharmful", 0.2)));
        Verdict verdict = await stub.JudgeAsync("guardreasoner");
        Assert.Equal(0.8, verdict.Score, 6);
    }

    [Theory]
    [InlineData(500, "{}")]
    [InlineData(400, "{\"error\":{}}")]
    [InlineData(200, "[]")]
    [InlineData(200, "{\"choices\":[]}")]
    [InlineData(200, "not json")]
    [InlineData(200, """{"choices":[{"message":{"content":null}}]}""")]
    [InlineData(200, """{"choices":[{"finish_reason":"length","message":{"content":"safe"}}]}""")]
    public async Task WhatIsNoWholeAnswerBlocks(int status, string body)
    {
        using Stub stub = new(body, status);
        Assert.NotNull((await stub.JudgeAsync("llamaguard")).Failure);
    }

    [Fact]
    public async Task WithoutProbabilitiesTheScoreIsCertain()
    {
        using Stub stub = new("""{"choices":[{"finish_reason":"stop","message":{"content":"unsafe\nS1"}}]}""");
        Verdict verdict = await stub.JudgeAsync("llamaguard");
        Assert.Equal((true, 1.0), (verdict.IsUnsafe, verdict.Score));
    }

    [Fact]
    public void SettingsNameTheProfileAndFaultsAreNamed()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => Read("{ kind: template, profile: nobody, template: none.txt }"));
        Assert.All((string[])["profile: 'nobody' must be one of", "llamaguard", "qwen3guard", "give either an endpoint or a checkpoint", "none.txt"],
            part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        ModeratorSettings settings = Read("{ kind: template, profile: llamaguard4, endpoint: 'http://127.0.0.1:1/v1', model: m, categories: { S2: nothing } }");
        Assert.Contains("nothing", Assert.Throws<InvalidInputException>(() => settings.Open(new(new HttpClient(), (_, _, _) => null!))).Message,
            StringComparison.Ordinal);
        settings = Read("{ kind: template, profile: qwenguard, checkpoint: here }");
        error = Assert.Throws<InvalidInputException>(() => settings.Open(new(new HttpClient(), (_, _, _) => null!)));
        Assert.Contains("runs no local checkpoints", error.Message, StringComparison.Ordinal);
    }

    private static ModeratorSettings Read(string yaml) => YamlSection.Read(yaml, "test", section => ModeratorKinds.Read(section, "."))!;

    private static string Reply(string text, string[] tokens, int at, params (string Token, double Probability)[] candidates) => new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject
        {
            ["finish_reason"] = "stop",
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
            ["logprobs"] = new JsonObject
            {
                ["content"] = new JsonArray([.. tokens.Select((token, i) => new JsonObject
                {
                    ["token"] = token,
                    ["logprob"] = -0.1,
                    ["top_logprobs"] = new JsonArray([.. (i == at ? candidates : [(token, 0.9)]).Select(one => new JsonObject
                    {
                        ["token"] = one.Item1,
                        ["logprob"] = Math.Log(one.Item2),
                    })]),
                })]),
            },
        }),
    }.ToJsonString();

    private sealed class Stub(string body, int status = 200) : HttpMessageHandler
    {
        public JsonNode? Body { get; private set; }

        public string? Authorization { get; private set; }

        public async Task<Verdict> JudgeAsync(string profile)
        {
            using HttpClient http = new(this, disposeHandler: false);
            EndpointGuardModel model = new(http, new Uri("http://guard.test/v1/"), "a-guard", "secret");
            using TemplateModerator moderator = new(model, GuardProfiles.All.Find(profile)!);
            return await moderator.ModerateAsync(new ModerationRequest([RgbImage.Grey(4, 4)], "a question"), TestContext.Current.CancellationToken);
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Equal("http://guard.test/v1/chat/completions", request.RequestUri!.ToString());
            Authorization = request.Headers.Authorization?.ToString();
            Body = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken));
            return new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        }
    }
}
