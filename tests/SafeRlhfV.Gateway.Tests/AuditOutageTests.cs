using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using SafeRlhfV.Audit.Tests;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The database goes away under a running gateway and comes back.</summary>
public sealed class AuditOutageTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task AFileThatIsTakenAwayRefusesUntilItIsBack()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await OutageAsync(gateway, () => Rename(""), () => Rename(".away"));

        Task Rename(string from)
        {
            string to = from.Length == 0 ? ".away" : "";
            foreach (string part in (string[])["", "-wal", "-shm"])
                if (File.Exists(gateway.File + part + from)) File.Move(gateway.File + part + from, gateway.File + part + to);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task AFileThatCannotBeWrittenRefusesUntilItCan()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await OutageAsync(gateway, () => gateway.ExecuteAsync("ALTER TABLE guard_audit RENAME TO guard_audit_away"),
            () => gateway.ExecuteAsync("ALTER TABLE guard_audit_away RENAME TO guard_audit"));
    }

    // Another program holds the file longer than the gateway may wait: what was refused meanwhile is not recorded afterwards as if it had passed.
    [Fact]
    public async Task AFileThatAnotherHoldsRefusesUntilItIsFree()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(audit: ", timeout: 500ms");
        await using SqliteConnection other = new($"Data Source={gateway.File};Pooling=False");
        await other.OpenAsync();
        SqliteTransaction? held = null;
        await OutageAsync(
            gateway,
            () =>
            {
                held = other.BeginTransaction(deferred: false);
                return Task.CompletedTask;
            },
            () => held!.RollbackAsync(),
            isHasty: true);
    }

    [Fact]
    public async Task AServerThatIsStoppedRefusesUntilItIsStarted()
    {
        Assert.SkipWhen(!postgres.IsOurs, postgres.Missing.Length > 0 ? postgres.Missing : "the server is not ours to stop");
        string connection = await postgres.CreateDatabaseAsync();
        await using RunningGateway gateway = await RunningGateway.StartAsync(trail: $"postgres:{connection};Pooling=true");
        await OutageAsync(gateway, postgres.StopAsync, postgres.StartAsync);
    }

    // Before, while and after: every way to ask, with callers at work when it happens.
    // Where a record may take a moment only (isHasty), a busy disk refuses at other times, too: then the caller asks again.
    private static async Task OutageAsync(RunningGateway gateway, Func<Task> take, Func<Task> give, bool isHasty = false)
    {
        for (int i = 0; i < 3; i++) Assert.Equal(200, (await AskAsync("before", i == 1)).Status);
        int answered = 0;
        using CancellationTokenSource enough = new();
        Task[] callers = [.. Enumerable.Range(0, 6).Select(caller => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                (int status, JsonNode? body) = await gateway.ChatAsync("meanwhile", stream: caller % 2 == 1);
                if (status != 200) AssertRefused(status, body);
                // a stream that had begun ends with the error
                else if (!body!.ToJsonString().Contains("audit_unavailable", StringComparison.Ordinal)) Interlocked.Increment(ref answered);
            }
        }))];
        while (Volatile.Read(ref answered) < 12) await Task.Delay(5);
        long taken = Stopwatch.GetTimestamp();
        await take();
        await Task.Delay(300);
        await enough.CancelAsync();
        await Task.WhenAll(callers);

        int asked = gateway.Upstream.Requests.Count;
        for (int i = 0; i < 2; i++)
        {
            AssertRefused(await gateway.ChatAsync("while"));
            AssertRefused(await gateway.ChatAsync("while", stream: true));
            AssertRefused(await gateway.ChatAsync("a forbidden question"));
            AssertRefused(await gateway.PostAsync("/v1/moderations", """{"input":"while"}"""));
            using HttpResponseMessage ready = await gateway.GetAsync("/readyz", null);
            if (gateway.Trail.StartsWith("postgres:", StringComparison.Ordinal)) Assert.Equal(503, (int)ready.StatusCode);
        }
        Assert.InRange(gateway.Upstream.Requests.Count, asked, asked + 1); // a model costs money: it is not asked for what cannot leave

        // the operator reads why, without a line for each request
        Assert.InRange(gateway.Log.Lines.Count(line => line.StartsWith("Requests are refused: the audit trail does not record (", StringComparison.Ordinal)), 1,
            6 + (int)(Stopwatch.GetElapsedTime(taken).TotalSeconds / 10));

        await give();
        for (int i = 0; i < 1200 && (await gateway.ChatAsync("after")).Status != 200; i++) await Task.Delay(50);
        Assert.Equal(200, (await AskAsync("after")).Status);
        Assert.Equal(200, (await AskAsync("after", true)).Status);
        Assert.Contains("The audit trail records again.", gateway.Log.Lines);
        (_, JsonNode? refusal) = await AskAsync("a forbidden question");
        Assert.Equal("content_filter", refusal!["choices"]![0]!["finish_reason"]!.GetValue<string>());

        IReadOnlyList<string?> outcomes = await gateway.OutcomesAsync();
        Assert.InRange(outcomes.Count(outcome => outcome == "Passed"), 3 + answered + 3, int.MaxValue);
        Assert.Equal(1, outcomes.Count(outcome => outcome == "PromptRefused")); // those that were refused unrecorded are not there
        Assert.All(outcomes, outcome => Assert.Contains(outcome, (string[])["Passed", "PromptRefused", "AnswerRefused"]));

        async Task<(int Status, JsonNode? Body)> AskAsync(string text, bool stream = false)
        {
            for (int tries = isHasty ? 100 : 1; ; tries--)
            {
                (int status, JsonNode? body) = await gateway.ChatAsync(text, stream);
                if (tries <= 1 || body?.ToJsonString().Contains("audit_unavailable", StringComparison.Ordinal) != true) return (status, body);
            }
        }
    }

    private static void AssertRefused((int Status, JsonNode? Body) answer) => AssertRefused(answer.Status, answer.Body);

    private static void AssertRefused(int status, JsonNode? body)
    {
        Assert.True(status == 503, $"{status}: {body?.ToJsonString()}");
        Assert.Equal("audit_unavailable", body!["error"]!["code"]!.GetValue<string>());
        Assert.Equal("server_error", body["error"]!["type"]!.GetValue<string>());
        Assert.DoesNotContain("All is well", body.ToJsonString());
    }
}
