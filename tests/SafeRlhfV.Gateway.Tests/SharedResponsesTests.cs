using System.Text.Json.Nodes;
using SafeRlhfV.Audit;
using SafeRlhfV.Audit.Tests;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Two gateways on one PostgreSQL keep the responses of <c>/v1/responses</c> together.</summary>
public sealed class SharedResponsesTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AConversationGoesOnAtAnotherGatewayAndIsJudgedThere()
    {
        // the second also looks for a word that the first lets pass
        await using Pair pair = await StartAsync(second: "  - { kind: patterns, category: animal_abuse, severity: severe, keywords: [ elephant ] }");
        string first = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello" }""");
        string second = await IdAsync(pair.Second, Follow("More", first));
        string third = await IdAsync(pair.First, Follow("And?", second));
        Assert.Equal(["Hello", "All is well.", "More", "All is well.", "And?"], Messages(pair.First));

        string elephant = await IdAsync(pair.First, Follow("An elephant", third));
        (_, JsonNode? refused) = await pair.Second.PostAsync("/v1/responses", Follow("So?", elephant));
        Assert.Equal("refusal", refused!["output"]![0]!["content"]![0]!["type"]!.GetValue<string>());
        Assert.Single(pair.Second.Upstream.Requests);

        // A turn that one has refused is not said again at the other.
        string bad = await IdAsync(pair.First, Follow("forbidden", first));
        await IdAsync(pair.Second, Follow("Then?", bad));
        Assert.Equal(["Hello", "All is well.", "Then?"], Messages(pair.Second));
    }

    [Fact]
    public async Task ReferencesAndDeletionsHoldAtBoth()
    {
        await using Pair pair = await StartAsync();
        (_, JsonNode? answer) = await pair.First.PostAsync("/v1/responses", """{ "model": "ours", "input": "Hello" }""");
        string id = answer!["id"]!.GetValue<string>(), item = answer["output"]![0]!["id"]!.GetValue<string>();
        string body = $$"""{ "model": "ours", "input": [ { "type": "item_reference", "id": "{{item}}" }, { "role": "user", "content": "So?" } ] }""";
        Assert.Equal(200, (await pair.Second.PostAsync("/v1/responses", body)).Status);
        Assert.Equal(["All is well.", "So?"], Messages(pair.Second));
        using (HttpResponseMessage got = await pair.Second.GetAsync($"/v1/responses/{id}"))
            Assert.True(JsonNode.DeepEquals(answer, JsonNode.Parse(await got.Content.ReadAsStringAsync(Cancel))));
        using (HttpResponseMessage got = await pair.Second.GetAsync($"/v1/responses/{id}/input_items"))
            Assert.Equal("Hello", JsonNode.Parse(await got.Content.ReadAsStringAsync(Cancel))!["data"]![0]!["content"]!.GetValue<string>());

        using HttpRequestMessage delete = new(HttpMethod.Delete, $"/v1/responses/{id}");
        delete.Headers.Authorization = new("Bearer", RunningGateway.Key);
        using (HttpResponseMessage deleted = await pair.Second.Http.SendAsync(delete, Cancel)) Assert.Equal(200, (int)deleted.StatusCode);
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.First, Follow("x", id)));
    }

    // Requests that go on from the same response touch the same rows, while others are kept and old ones deleted: none waits for another, or fails.
    [Fact]
    public async Task ManyGoOnFromOneAtOnce()
    {
        await using Pair pair = await StartAsync();
        string id = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello" }""");
        for (int i = 0; i < 5; i++) id = await IdAsync(pair.Second, Follow("More", id));
        await pair.QueryAsync("UPDATE guard_response SET at = at - interval '2 minutes'"); // so that each is due to be touched
        using ReplicaDatabase database = new(pair.First.Settings);
        SharedResponses store = new(database, pair.First.Settings.Responses, null, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(async i =>
        {
            await IdAsync(i % 2 == 0 ? pair.First : pair.Second, Follow($"branch {i}", id));
            if (i % 6 == 0) await store.SweepAsync(Cancel);
        }));
        Assert.Equal(30, await pair.CountAsync());
        Assert.All(pair.Second.Upstream.Requests.Skip(5), request => Assert.Equal(13, request["messages"]!.AsArray().Count));
    }

    // A key sees its own alone, and nobody what is not there.
    [Fact]
    public async Task WhatIsNotTheKeysOwnIsUnknown()
    {
        await using Pair pair = await StartAsync();
        string id = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello" }""");
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.Second, Follow("x", id), RunningGateway.OperatorKey));
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.Second, Follow("x", "resp_" + new string('0', 32))));
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.Second, Follow("x", "' OR 1=1 --")));
        using (HttpResponseMessage got = await pair.Second.GetAsync($"/v1/responses/{id}", RunningGateway.OperatorKey)) Assert.Equal(404, (int)got.StatusCode);
        string second = await IdAsync(pair.Second, Follow("More", id));
        await pair.QueryAsync($"DELETE FROM guard_response WHERE id = '{id}'");
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.First, Follow("x", second))); // half a conversation is none
    }

    [Fact]
    public async Task ErasureReachesThem()
    {
        await using Pair pair = await StartAsync();
        string one = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello", "safety_identifier": "user-17" }""");
        string two = await IdAsync(pair.Second, """{ "model": "ours", "input": "Hello", "user": "user-18" }""");
        string three = await IdAsync(pair.Second, """{ "model": "ours", "input": "Hello" }""");
        Assert.Equal(0, await StoredResponsesErasure.ForgetAsync("sqlite:none.db", null, "user-17", Cancel));
        Assert.Equal(1, await StoredResponsesErasure.ForgetAsync(pair.Trail, null, "user-17", Cancel));
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.Second, Follow("x", one)));
        Assert.Equal(1, await StoredResponsesErasure.ForgetAsync(pair.Trail, two["resp_".Length..], null, Cancel));
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.First, Follow("x", two)));
        await using (AuditDatabase trail = AuditDatabase.Of(pair.Trail)) await new AuditHolds(trail).BeginAsync("case", "ann", "court", Cancel);
        await Assert.ThrowsAsync<InvalidInputException>(() => StoredResponsesErasure.ForgetAsync(pair.Trail, null, "tester", Cancel));
        await IdAsync(pair.First, Follow("x", three));
        await using (AuditDatabase trail = AuditDatabase.Of(pair.Trail)) await new AuditHolds(trail).EndAsync("case", "ann", "done", Cancel);
        Assert.Equal(2, await StoredResponsesErasure.ForgetAsync(pair.Trail, null, "tester", Cancel)); // all that the key has asked
        Assert.Equal(0, await pair.CountAsync());
    }

    [Fact]
    public async Task WithAnAuditKeyTheyLieSealed()
    {
        Environment.SetEnvironmentVariable("SAFERLHFV_TEST_AUDIT_KEY", "a secret of some length");
        await using Pair pair = await StartAsync(audit: ", key_env: SAFERLHFV_TEST_AUDIT_KEY");
        string id = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello elephant" }""");
        Assert.DoesNotContain("elephant", await pair.QueryAsync("SELECT encode(response, 'escape') || encode(turn, 'escape') FROM guard_response"));
        await IdAsync(pair.Second, Follow("More", id));
        Assert.Equal(["Hello elephant", "All is well.", "More"], Messages(pair.Second));

        // put under another key's name, or changed, it cannot be opened
        await pair.QueryAsync($"INSERT INTO guard_response SELECT '{KeyRing.Hash(RunningGateway.OperatorKey)}', id, previous, outputs, caller, end_user, "
            + $"is_sealed, response, turn, bytes, at FROM guard_response WHERE id = '{id}'");
        Assert.Equal("store_unavailable", await CodeAsync(pair.First, Follow("x", id), RunningGateway.OperatorKey, status: 503));
        await pair.QueryAsync($"UPDATE guard_response SET turn = turn || 'x' WHERE id = '{id}'");
        Assert.Equal("store_unavailable", await CodeAsync(pair.First, Follow("x", id), status: 503));
    }

    [Fact]
    public async Task WithoutTheDatabaseNothingIsKeptInSilence()
    {
        await using Pair pair = await StartAsync();
        string id = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello" }""");
        await pair.QueryAsync("ALTER TABLE guard_response RENAME TO guard_response_away");
        Assert.Equal("store_unavailable", await CodeAsync(pair.First, """{ "model": "ours", "input": "Hello" }""", status: 503));
        Assert.Equal("store_unavailable", await CodeAsync(pair.First, Follow("x", id), status: 503));
        await IdAsync(pair.First, """{ "model": "ours", "input": "Hello", "store": false }""");
        List<JsonObject> events = await EventStream.OfAsync(pair.First, "/v1/responses", """{ "model": "ours", "input": "Hello", "stream": true }""");
        Assert.Equal("response.failed", EventStream.Types(events)[^1]);
        await pair.QueryAsync("ALTER TABLE guard_response_away RENAME TO guard_response");
        await IdAsync(pair.First, Follow("x", id));
    }

    [Fact]
    public async Task TheOldestGoAndWhatIsTooOld()
    {
        await using Pair pair = await StartAsync(more: "responses: { store_bytes: 6000, store_time: 1h }");
        string old = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello" }""");
        string young = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello" }""");
        await pair.QueryAsync($"UPDATE guard_response SET at = at - interval '61 minutes' WHERE id = '{old}'");
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.Second, Follow("x", old)));
        using ReplicaDatabase database = new(pair.First.Settings);
        SharedResponses store = new(database, pair.First.Settings.Responses, null, TimeProvider.System);
        await store.SweepAsync(Cancel);
        Assert.Equal(1, await pair.CountAsync());
        for (int i = 0; i < 5; i++) await IdAsync(pair.Second, Follow("x", young));
        await store.SweepAsync(Cancel);
        Assert.InRange(await pair.CountAsync(), 1, 3); // about two thousand bytes each
        Assert.Equal("previous_response_not_found", await CodeAsync(pair.First, Follow("x", old)));

        // a conversation that goes on is young again, all of it
        string last = await IdAsync(pair.First, """{ "model": "ours", "input": "Hello" }""");
        last = await IdAsync(pair.First, Follow("More", last));
        await pair.QueryAsync("UPDATE guard_response SET at = at - interval '50 minutes'");
        await IdAsync(pair.Second, Follow("x", last));
        Assert.Equal("3", await pair.QueryAsync("SELECT COUNT(*) FROM guard_response WHERE at > statement_timestamp() - interval '1 minute'"));
    }

    private static string Follow(string text, string id) =>
        new JsonObject { ["model"] = "ours", ["input"] = text, ["previous_response_id"] = id }.ToJsonString();

    private static async Task<string> IdAsync(RunningGateway gateway, string body)
    {
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/responses", body);
        Assert.True(status == 200, answer?.ToJsonString());
        return answer!["id"]!.GetValue<string>();
    }

    private static async Task<string?> CodeAsync(RunningGateway gateway, string body, string key = RunningGateway.Key, int status = 400)
    {
        (int answered, JsonNode? answer) = await gateway.PostAsync("/v1/responses", body, key);
        Assert.Equal(status, answered);
        return answer!["error"]!["code"]?.GetValue<string>();
    }

    private static IEnumerable<string> Messages(RunningGateway gateway) =>
        gateway.Upstream.Requests.Last()["messages"]!.AsArray().Select(message => message!["content"]!.GetValue<string>());

    private async Task<Pair> StartAsync(string second = "", string audit = "", string more = "")
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        string connection = await postgres.CreateDatabaseAsync(), trail = $"postgres:{connection};Pooling=true";
        return new(connection,
            await RunningGateway.StartAsync($"{more}\nreplicas: {{ name: one }}", audit: audit, trail: trail),
            await RunningGateway.StartAsync($"{more}\nreplicas: {{ name: two }}", audit: audit, trail: trail, moderators: second));
    }

    private sealed record Pair(string Connection, RunningGateway First, RunningGateway Second) : IAsyncDisposable
    {
        public string Trail => First.Trail;

        public Task<string> QueryAsync(string statement) => PostgresServer.QueryAsync(Connection, statement);

        public async Task<long> CountAsync() => long.Parse(await QueryAsync("SELECT COUNT(*) FROM guard_response"));

        public async ValueTask DisposeAsync()
        {
            await First.DisposeAsync();
            await Second.DisposeAsync();
        }
    }
}
