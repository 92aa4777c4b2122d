using System.Diagnostics;
using System.Text.Json.Nodes;
using SafeRlhfV.Audit.Tests;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>Two gateways on one PostgreSQL know each other's refused turns.</summary>
public sealed class SharedRefusalsTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData(", key_env: SAFERLHFV_TEST_AUDIT_KEY")]
    public async Task AChatGoesOnAtAnotherGatewayAfterARefusal(string audit)
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        Environment.SetEnvironmentVariable("SAFERLHFV_TEST_AUDIT_KEY", "a secret of some length");
        string connection = await postgres.CreateDatabaseAsync(), trail = $"postgres:{connection};Pooling=true";
        await using RunningGateway first = await RunningGateway.StartAsync("replicas: { name: one }", audit: audit, trail: trail);
        await using (RunningGateway second = await RunningGateway.StartAsync("replicas: { name: two }", audit: audit, trail: trail))
        {
            Assert.Equal("content_filter", await AskAsync(first, """{ "role": "user", "content": "a forbidden elephant" }"""));
            await UntilAsync(async () => await AskAsync(second, GoesOn) == "stop");
            Assert.Single(second.Upstream.Requests.Last()["messages"]!.AsArray()); // without the refused turn
            Assert.Equal("content_filter", await AskAsync(second, GoesOn, RunningGateway.OperatorKey)); // another caller's memory is another
        }

        // One that starts later learns what was refused before.
        await using RunningGateway third = await RunningGateway.StartAsync("replicas: { name: three }", audit: audit, trail: trail);
        await UntilAsync(async () => await AskAsync(third, GoesOn) == "stop");
        string kept = await PostgresServer.QueryAsync(connection, "SELECT string_agg(encode(turn, 'escape'), ' ') FROM guard_refused WHERE gateway = 'one'");
        Assert.DoesNotContain("elephant", kept);
        if (audit.Length > 0) Assert.DoesNotContain("tester", kept); // sealed
    }

    // The database holds what gateways know of each other; what cannot be read there is not believed.
    [Fact]
    public async Task WithoutTheDatabaseAndWithSpoiltRowsEachRemembersItsOwn()
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        string connection = await postgres.CreateDatabaseAsync(), trail = $"postgres:{connection};Pooling=true";
        await using RunningGateway gateway = await RunningGateway.StartAsync("replicas: { name: one }", trail: trail);
        await PostgresServer.QueryAsync(connection,
            "INSERT INTO guard_refused (gateway, is_sealed, turn) VALUES ('x', false, 'no JSON'), ('x', true, 'short'), ('x', false, '7')");
        await PostgresServer.QueryAsync(connection, "ALTER TABLE guard_refused RENAME TO guard_refused_away");
        Assert.Equal("content_filter", await AskAsync(gateway, """{ "role": "user", "content": "a forbidden elephant" }"""));
        Assert.Equal("stop", await AskAsync(gateway, GoesOn));
        await UntilAsync(() => Task.FromResult(gateway.Log.Lines.Any(line => line.Contains("are not shared", StringComparison.Ordinal))));
        await PostgresServer.QueryAsync(connection, "ALTER TABLE guard_refused_away RENAME TO guard_refused");
        await UntilAsync(async () => await PostgresServer.QueryAsync(connection, "SELECT COUNT(*) FROM guard_refused WHERE gateway = 'one'")
            == "1"); // told late
    }

    private const string GoesOn = """
        { "role": "user", "content": "a forbidden elephant" }, { "role": "assistant", "content": "No." }, { "role": "user", "content": "Hello" }
        """;

    private static async Task<string?> AskAsync(RunningGateway gateway, string messages, string key = RunningGateway.Key)
    {
        (int status, JsonNode? answer) =
            await gateway.PostAsync("/v1/chat/completions", $$"""{ "model": "ours", "messages": [ {{messages}} ] }""", key);
        Assert.Equal(200, status);
        return answer!["choices"]![0]!["finish_reason"]!.GetValue<string>();
    }

    // Asking again makes no gateway know a turn that was refused before: only the turn that is asked is remembered.
    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (Stopwatch clock = Stopwatch.StartNew(); !await holds(); await Task.Delay(100, Cancel))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "it did not come about");
    }
}
