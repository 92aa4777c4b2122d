using System.Text.Json.Nodes;
using SafeRlhfV.Audit;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The member <c>moderation</c> of OpenAI's interfaces: verdicts in the answer, and a block of what the policy would let pass.</summary>
public sealed class ModerationMemberTests
{
    // what is minor passes with a notice, unless the request asks for more
    private const string Mild = "  - { kind: patterns, category: animal_abuse, severity: minor, keywords: [ mild ] }";
    private const string Lenient = "prompt: { minor: allow }\nanswer: { minor: allow, moderate: block, severe: block }";
    private const string Score = """{ "model": "omni-moderation-latest" }""";
    private const string BlockInput = """{ "model": "m", "policy": { "input": { "mode": "block" } } }""";
    private const string BlockOutput = """{ "model": "m", "policy": { "input": { "mode": "score" }, "output": { "mode": "block" } } }""";
    private const string Chat = "/v1/chat/completions", Responses = "/v1/responses";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Chat, false)]
    [InlineData(Chat, true)]
    [InlineData(Responses, false)]
    [InlineData(Responses, true)]
    public async Task VerdictsStandInTheAnswerWhereTheyAreAskedFor(string path, bool isStream)
    {
        await using RunningGateway gateway = await StartAsync("A mild answer.");
        JsonObject body = await AnswerAsync(gateway, path, "Hello", Score, isStream);
        JsonNode input = Result(body["moderation"]!["input"]!, path), output = Result(body["moderation"]!["output"]!, path);
        Assert.False(input["flagged"]!.GetValue<bool>());
        Assert.True(output["flagged"]!.GetValue<bool>());
        Assert.True(output["categories"]!["animal_abuse"]!.GetValue<bool>());
        Assert.True(output["categories"]!["violence"]!.GetValue<bool>()); // OpenAI's name for it
        Assert.Equal(1, output["category_scores"]!["animal_abuse"]!.GetValue<double>());
        Assert.Equal("[\"text\"]", input["category_applied_input_types"]!["hate"]!.ToJsonString());
        Assert.Contains("A mild answer.", body.ToJsonString());
        Assert.False(gateway.Upstream.Requests.Single().ContainsKey("moderation"));

        Assert.False((await AnswerAsync(gateway, path, "Hello", null, isStream)).ContainsKey("moderation"));
    }

    [Theory]
    [InlineData(Chat, false)]
    [InlineData(Chat, true)]
    [InlineData(Responses, false)]
    [InlineData(Responses, true)]
    public async Task ABlockRefusesWhatThePolicyWouldLetPass(string path, bool isStream)
    {
        await using RunningGateway gateway = await StartAsync("A mild answer.");
        JsonObject refused = await AnswerAsync(gateway, path, "a mild question", BlockInput, isStream);
        Assert.Empty(gateway.Upstream.Requests);
        Assert.Contains("judged unsafe", refused.ToJsonString());
        Assert.True(Result(refused["moderation"]!["input"]!, path)["flagged"]!.GetValue<bool>());
        Assert.Equal(("error", "not_moderated"), (Text(refused["moderation"]!["output"]!["type"]), Text(refused["moderation"]!["output"]!["code"])));

        JsonObject withheld = await AnswerAsync(gateway, path, "a mild question", BlockOutput, isStream);
        Assert.DoesNotContain("A mild answer.", withheld.ToJsonString());
        Assert.True(Result(withheld["moderation"]!["input"]!, path)["flagged"]!.GetValue<bool>());
        Assert.True(Result(withheld["moderation"]!["output"]!, path)["flagged"]!.GetValue<bool>());
        Assert.Equal(["PromptRefused", "AnswerRefused"], await gateway.OutcomesAsync());
    }

    // The record says who asked for the block, and a shadow policy is held against it as if it had been asked too.
    [Fact]
    public async Task ABlockIsRecordedAsTheRequestsAndIsNoDifferenceOfAShadowPolicy()
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder.At("next.yaml"), Lenient, Cancel);
        await using RunningGateway gateway = await RunningGateway.StartAsync($"shadow_policy: {folder.At("next.yaml")}", moderators: Mild, policy: Lenient);
        await AnswerAsync(gateway, Chat, "a mild question", BlockInput, isStream: false);
        await AnswerAsync(gateway, Chat, "a mild question", null, isStream: false);
        await gateway.EndAsync();
        await using AuditDatabase database = AuditDatabase.Of(gateway.Trail);
        AuditRecord[] records = [.. (await new AuditReader(database).LatestAsync(20, Cancel)).Reverse()];
        Assert.Equal(["Block true", "Allow "], records.Where(record => record.Kind == "prompt").Select(record => record.ReadPayload()!["prompt"]!)
            .Select(prompt => $"{prompt["action"]} {prompt["asked"]?.ToJsonString()}"));
        Assert.DoesNotContain(records, record => record.Kind == "shadow");
    }

    // Nothing loosens the policy.
    [Theory]
    [InlineData(Chat)]
    [InlineData(Responses)]
    public async Task AScoreChangesNothing(string path)
    {
        await using RunningGateway gateway = await StartAsync("All is well.");
        JsonObject refused = await AnswerAsync(gateway, path, "a forbidden question",
            """{ "policy": { "input": { "mode": "score" }, "output": { "mode": "score" } } }""", isStream: false);
        Assert.Contains("judged unsafe", refused.ToJsonString());
        Assert.Empty(gateway.Upstream.Requests);
    }

    // A turn that was refused because one request asked for a block is no refused turn in a conversation that does not.
    [Fact]
    public async Task WhatABlockRefusedIsForgottenByRequestsWithoutOne()
    {
        await using RunningGateway gateway = await StartAsync("All is well.");
        await AnswerAsync(gateway, Chat, "a mild question", BlockInput, isStream: false);
        const string Goes = """
            { "model": "ours", "messages": [ { "role": "user", "content": "a mild question" }, { "role": "assistant", "content": "x" },
              { "role": "user", "content": "So?" } ] }
            """;
        Assert.Equal(200, (await gateway.PostAsync(Chat, Goes)).Status);
        Assert.Equal(3, gateway.Upstream.Requests.Last()["messages"]!.AsArray().Count);
        Assert.Equal(200, (await gateway.PostAsync(Chat, RunningGateway.With(Goes, $$"""{ "moderation": {{BlockInput}} }""").ToJsonString())).Status);
        Assert.Single(gateway.Upstream.Requests.Last()["messages"]!.AsArray()); // there the turn is known, and goes to nobody
    }

    [Theory]
    [InlineData("\"on\"", "moderation")]
    [InlineData("""{ "model": 5 }""", "moderation.model")]
    [InlineData("""{ "policy": [] }""", "moderation.policy")]
    [InlineData("""{ "policy": { "input": { "mode": "off" } } }""", "moderation.policy.input.mode")]
    [InlineData("""{ "policy": { "output": { } } }""", "moderation.policy.output.mode")]
    [InlineData("""{ "Policy": { } }""", "moderation.Policy")]
    [InlineData("""{ "policy": { "input": { "mode": "block", "level": 1 } } }""", "moderation.policy.input.level")]
    public async Task WhatIsNotSoundIsRefusedByName(string member, string param)
    {
        await using RunningGateway gateway = await StartAsync("All is well.");
        foreach (string path in (string[])[Chat, Responses])
        {
            (int status, JsonNode? answer) = await gateway.PostAsync(path, Request(path, "Hello", member, isStream: false));
            Assert.Equal((400, param), (status, Text(answer!["error"]!["param"])));
        }
        Assert.Empty(gateway.Upstream.Requests);
    }

    [Fact]
    public async Task MessagesHaveNoSuchMember()
    {
        await using RunningGateway gateway = await StartAsync("All is well.");
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/messages",
            $$"""{ "model": "ours", "max_tokens": 9, "messages": [ { "role": "user", "content": "Hello" } ], "moderation": {{Score}} }""");
        Assert.Equal(400, status);
        Assert.StartsWith("moderation is refused: ", Text(answer!["error"]!["message"]));
    }

    private static async Task<RunningGateway> StartAsync(string answer)
    {
        RunningGateway gateway = await RunningGateway.StartAsync(moderators: Mild, policy: Lenient);
        gateway.Upstream.Behaviour = (http, body) => StubUpstream.AnswerAsync(http, body, answer);
        return gateway;
    }

    private static string Request(string path, string text, string? moderation, bool isStream)
    {
        JsonObject body = new() { ["model"] = "ours", ["stream"] = isStream };
        if (path == Chat) body["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text });
        else body["input"] = text;
        if (moderation is not null) body["moderation"] = JsonNode.Parse(moderation);
        return body.ToJsonString();
    }

    // The whole answer; of a stream of chunks the members of all.
    private static async Task<JsonObject> AnswerAsync(RunningGateway gateway, string path, string text, string? moderation, bool isStream)
    {
        string request = Request(path, text, moderation, isStream);
        if (!isStream)
        {
            (int status, JsonNode? answer) = await gateway.PostAsync(path, request);
            Assert.Equal(200, status);
            return (JsonObject)answer!;
        }
        if (path == Responses)
        {
            JsonObject last = (await EventStream.OfAsync(gateway, path, request))[^1];
            return (JsonObject)last["response"]!;
        }
        using HttpResponseMessage response = await gateway.SendAsync(path, request);
        JsonObject[] chunks =
        [
            .. (await response.Content.ReadAsStringAsync(Cancel)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
                .Where(one => one != "data: [DONE]").Select(one => (JsonObject)JsonNode.Parse(one["data: ".Length..])!),
        ];
        JsonObject all = new()
        {
            ["text"] = string.Concat(chunks.SelectMany(chunk => chunk["choices"]!.AsArray())
            .Select(choice => Text(choice!["delta"]!["content"]) + Text(choice["delta"]!["refusal"])))
        };
        JsonObject[] told = [.. chunks.Where(chunk => chunk.ContainsKey("moderation"))];
        if (told.Length == 0) return all;
        Assert.Same(chunks[^1], Assert.Single(told));
        Assert.Empty(told[0]["choices"]!.AsArray());
        all["moderation"] = told[0]["moderation"]!.DeepClone();
        return all;
    }

    // Chat Completions list results, Responses have one.
    private static JsonNode Result(JsonNode side, string path)
    {
        if (path == Chat)
        {
            Assert.Equal(("moderation_results", "guard"), (Text(side["type"]), Text(side["model"])));
            side = Assert.Single(side["results"]!.AsArray())!;
        }
        Assert.Equal(("moderation_result", "guard"), (Text(side["type"]), Text(side["model"])));
        return side;
    }

    private static string? Text(JsonNode? node) => node?.GetValue<string>();
}
