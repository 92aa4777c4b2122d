using System.Data.Common;
using System.Text;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;
using SafeRlhfV.Guard.Tests;

namespace SafeRlhfV.Audit.Tests;

/// <summary>Gateways that share a PostgreSQL write a chain each, and anchors hold them together.</summary>
public sealed class ChainTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly byte[] Key = Encoding.UTF8.GetBytes("a key for tests");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EachGatewayHasItsChainAndOneVerificationCoversAll()
    {
        await using AuditDatabase database = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(gateway => FillAsync(database, $"gw-{gateway}", 20 + gateway, parallel: true)));
        AuditReader reader = new(database, Key);
        AuditCheck before = await reader.VerifyAsync(null, Cancel);
        Assert.Empty(before.Faults);
        Assert.Equal([("gw-0", 40, 40), ("gw-1", 42, 42), ("gw-2", 44, 44)],
            before.Chains.Select(chain => (chain.Name, (int)chain.Records, (int)chain.Unanchored)));

        Assert.Equal(3, await AnchorAsync(database));
        Assert.Equal(0, await AnchorAsync(database)); // nothing has moved
        AuditCheck check = await reader.VerifyAsync(before.Chains[1].Head, Cancel);
        Assert.Empty(check.Faults);
        Assert.Equal([("gw-0", 40, 0), ("gw-1", 42, 0), ("gw-2", 44, 0), (AuditChains.Anchors, 3, 0)],
            check.Chains.Select(chain => (chain.Name, (int)chain.Records, (int)chain.Unanchored)));
        Assert.Equal((129, AuditChains.Anchors, 3), (check.Records, check.Head.Chain, check.Head.Sequence));

        await FillAsync(database, "gw-1", 1);
        Assert.Equal(1, await AnchorAsync(database));
        Assert.Empty((await reader.VerifyAsync(check.Head, Cancel)).Faults);
        IReadOnlyList<AuditRecord> latest = await reader.LatestAsync(1000, Cancel);
        Assert.Equal(128, latest.Count); // anchors are about no request
        Assert.All(latest.GroupBy(record => record.Request), request => Assert.Single(request.Select(record => record.Chain).Distinct()));
        using MemoryStream exported = new();
        Assert.Equal(132, await reader.ExportAsync(exported, Cancel));
    }

    // What is done, how, and what is then said.
    public static TheoryData<string, string, string> Tampering => new()
    {
        {
            "a chain vanishes",
            "DELETE FROM guard_audit WHERE chain = 'b'; DELETE FROM guard_audit_mark WHERE name LIKE '%/b'",
            "chain b: is gone; its anchors name record 16"
        },
        { "a chain vanishes but for its marks", "DELETE FROM guard_audit WHERE chain = 'b'", "chain b: is gone" },
        {
            "a chain loses its end",
            "DELETE FROM guard_audit WHERE chain = 'b' AND sequence > 10; "
                + "UPDATE guard_audit_mark SET sequence = 10, hash = (SELECT hash FROM guard_audit WHERE chain = 'b' AND sequence = 10) WHERE name = 'head/b'",
            "chain b: record 16, which is anchored, is missing: the end was cut off"
        },
        {
            "two chains change names",
            "UPDATE guard_audit SET chain = 'x' WHERE chain = 'a'; UPDATE guard_audit SET chain = 'a' WHERE chain = 'b'; "
                + "UPDATE guard_audit SET chain = 'b' WHERE chain = 'x'",
            "it is a record of another chain"
        },
        { "a record goes into another chain", "UPDATE guard_audit SET chain = 'c' WHERE chain = 'b' AND sequence = 16", "it is a record of another chain" },
        { "an anchor vanishes", "DELETE FROM guard_audit WHERE chain = 'anchors' AND sequence = 1", "the anchors: record 1 is missing" },
        {
            "an anchor names another head",
            "UPDATE guard_audit SET payload = REPLACE(payload, '\"sequence\":16', '\"sequence\":15') WHERE chain = 'anchors' AND sequence = 2",
            "the anchors: record 2 was changed"
        },
        {
            "a chain's mark is another's",
            "UPDATE guard_audit_mark SET hash = (SELECT hash FROM guard_audit_mark WHERE name = 'head/a') WHERE name = 'head/b'",
            "chain b: the head mark was changed"
        },
    };

    [Theory, MemberData(nameof(Tampering))]
    public async Task AChainThatVanishesOrLosesItsEndIsFound(string what, string tampering, string fault)
    {
        await using AuditDatabase database = await OpenAsync();
        foreach (string chain in (string[])["a", "b"]) await FillAsync(database, chain, 8);
        await AnchorAsync(database);
        AuditReader reader = new(database, Key);
        Assert.Empty((await reader.VerifyAsync(null, Cancel)).Faults);
        await database.RunAsync(tampering);
        AuditCheck check = await reader.VerifyAsync(null, Cancel);
        Assert.True(check.Faults.Any(found => found.Contains(fault, StringComparison.Ordinal)), $"{what}: {string.Join('\n', check.Faults)}");
    }

    // Without a key everything can be rewritten but what was noted elsewhere: the last anchor covers all chains.
    [Fact]
    public async Task ANotedAnchorProvesThatNothingWasCutOff()
    {
        await using AuditDatabase database = await OpenAsync();
        foreach (string chain in (string[])["a", "b"]) await FillAsync(database, chain, 2);
        await AnchorAsync(database);
        AuditReader reader = new(database, Key);
        AuditMark noted = (await reader.VerifyAsync(null, Cancel)).Head;
        await database.RunAsync("""
            DELETE FROM guard_audit WHERE chain IN ('anchors', 'b'); DELETE FROM guard_audit_mark WHERE name LIKE '%/anchors' OR name LIKE '%/b'
            """);
        Assert.True((await reader.VerifyAsync(null, Cancel)).IsWhole);
        Assert.Equal(["the chain of anchors is gone"], (await reader.VerifyAsync(noted, Cancel)).Faults);
    }

    // The tables as builds with one chain made them, with what they wrote: a record of the main chain is the same, byte for byte.
    [Fact]
    public async Task ATrailOfABuildWithOneChainGoesOn()
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        string connection = await postgres.CreateDatabaseAsync();
        AuditMark noted;
        await using (AuditDatabase before = AuditDatabase.Postgres(connection))
        {
            await FillAsync(before, AuditChains.Main, 5);
            noted = (await new AuditReader(before, Key).VerifyAsync(null, Cancel)).Head;
            await before.RunAsync("""
                ALTER TABLE guard_audit DROP CONSTRAINT guard_audit_pkey; DROP INDEX guard_audit_at; ALTER TABLE guard_audit DROP COLUMN chain;
                ALTER TABLE guard_audit ADD CONSTRAINT guard_audit_pkey PRIMARY KEY (sequence)
                """);
        }
        AuditDatabase[] databases = [.. Enumerable.Range(0, 3).Select(_ => AuditDatabase.Postgres(connection))];
        // side by side: one of them migrates
        await Task.WhenAll(databases.Select((database, i) => FillAsync(database, i == 0 ? AuditChains.Main : $"gw-{i}", 3)));
        await AnchorAsync(databases[0]);
        AuditCheck check = await new AuditReader(databases[1], Key).VerifyAsync(noted, Cancel);
        Assert.Empty(check.Faults);
        Assert.Equal([("gw-1", 6), ("gw-2", 6), ("main", 16), ("anchors", 3)], check.Chains.Select(chain => (chain.Name, (int)chain.Records)));
        foreach (AuditDatabase database in databases) await database.DisposeAsync();
    }

    [Fact]
    public async Task OldRecordsGoFromEveryChainAndAnEmptyChainRetires()
    {
        await using AuditDatabase database = await OpenAsync();
        ManualClock clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        foreach (string chain in (string[])["gone", "stays"]) await FillAsync(database, chain, 4, clock: clock);
        await AnchorAsync(database, clock);
        AuditReader reader = new(database, Key);
        AuditCheck early = await reader.VerifyAsync(null, Cancel);
        clock.Now += TimeSpan.FromDays(20);
        await FillAsync(database, "stays", 2, clock: clock);
        await AnchorAsync(database, clock);
        clock.Now += TimeSpan.FromDays(20);
        await using AuditTrail trail = new(database, Settings("stays") with { RecordRetention = TimeSpan.FromDays(30) }, clock);
        Assert.Equal(8 + 8 + 2, (await trail.ApplyRetentionAsync(Cancel)).Records); // and the two first anchors
        foreach (AuditChainState noted in early.Chains) Assert.Empty((await reader.VerifyAsync(noted.Head, Cancel)).Faults);
        Assert.Equal([("stays", 5), (AuditChains.Anchors, 4)], // the run is on record in the leader's chain
            (await reader.VerifyAsync(null, Cancel)).Chains.Select(chain => (chain.Name, (int)chain.Records)));
        Assert.Equal((0, 0), await trail.ApplyRetentionAsync(Cancel));

        await FillAsync(database, "gone", 1, clock: clock); // a gateway of this name is back
        await AnchorAsync(database, clock);
        AuditCheck check = await reader.VerifyAsync(null, Cancel);
        Assert.Empty(check.Faults);
        Assert.Equal(2, check.Chains[0].Head.Sequence);
        await database.RunAsync("DELETE FROM guard_audit WHERE chain = 'gone'; DELETE FROM guard_audit_mark WHERE name LIKE '%/gone'");
        Assert.Equal(["chain gone: is gone; its anchors name record 2"], (await reader.VerifyAsync(null, Cancel)).Faults);
    }

    [Fact]
    public async Task AReviewJoinsTheChainOfItsRequest()
    {
        await using AuditDatabase database = await OpenAsync();
        await FillAsync(database, "a", 1);
        AuditReader reader = new(database, Key);
        string request = (await reader.LatestAsync(1, Cancel))[0].Request;
        await using (AuditTrail other = new(database, Settings("b"))) await other.ReviewedAsync(request, "ann", false, null, "harmless", Cancel);
        Assert.Equal([("prompt", "a"), ("end", "a"), ("review", "a")],
            (await reader.OfRequestAsync(request, Cancel)).Select(record => (record.Kind, record.Chain)));
        AuditCheck check = await reader.VerifyAsync(null, Cancel);
        Assert.Empty(check.Faults);
        Assert.Single(check.Chains);
    }

    [Fact]
    public async Task OneProcessLeadsUntilItsConnectionEnds()
    {
        await using AuditDatabase one = await OpenAsync();
        await using AuditLeader first = new(one), second = new(one);
        Assert.True(await first.TryLeadAsync(Cancel));
        Assert.False(await second.TryLeadAsync(Cancel));
        Assert.True(await first.TryLeadAsync(Cancel));
        await one.RunAsync("""
            SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE locktype = 'advisory' AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """);
        for (int i = 0; i < 100 && !await second.TryLeadAsync(Cancel); i++) await Task.Delay(20, Cancel);
        Assert.False(await first.TryLeadAsync(Cancel));
        Assert.True(await second.TryLeadAsync(Cancel));
        await second.DisposeAsync();
        Assert.True(await first.TryLeadAsync(Cancel));
    }

    // Each keeps the same two texts, in another order: without one order for all, PostgreSQL would end one of them for a deadlock.
    [Fact]
    public async Task GatewaysThatKeepTheSameTextsDoNotBlockEachOther()
    {
        await using AuditDatabase database = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async gateway =>
        {
            await using AuditTrail trail = new(database, Settings($"gw-{gateway}") with { Texts = ContentKeeping.Keep });
            for (int round = 0; round < 20; round++)
            {
                string[] texts = gateway % 2 == 0 ? ["one", "two"] : ["two", "one"];
                await Task.WhenAll(texts.Select(text =>
                    new GuardedChatClient(new StubChatClient("fine"), Options(trail)).GetResponseAsync(text, cancellationToken: Cancel)));
            }
        }));
        Assert.Empty((await new AuditReader(database, Key).VerifyAsync(null, Cancel)).Faults);
        await using DbConnection connection = await database.OpenAsync(Cancel);
        await using DbCommand deadlocks = AuditDatabase.Command(connection, null,
            "SELECT pg_stat_force_next_flush(); SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
        await using DbDataReader found = await deadlocks.ExecuteReaderAsync(Cancel);
        await found.NextResultAsync(Cancel);
        Assert.True(await found.ReadAsync(Cancel));
        Assert.Equal(0, found.GetInt64(0));
    }

    [Fact]
    public void AFileHasOneChain()
    {
        AuditDatabase file = AuditDatabase.Sqlite("nowhere.db");
        Assert.Throws<InvalidInputException>(() => new AuditTrail(file, new() { Chain = "gw-1" }));
        Assert.False(AuditChains.IsName(AuditChains.Anchors));
        Assert.False(AuditChains.IsName("a/b"));
        Assert.True(AuditChains.IsName("gateway-7d9c_1.example"));
    }

    private static AuditSettings Settings(string chain) => new() { Key = Key, Chain = chain, Timeout = TimeSpan.FromSeconds(30) };

    private static GuardOptions Options(AuditTrail trail) => new() { Moderator = ScriptedModerator.Finds("bad"), Observer = trail };

    private static async Task<int> AnchorAsync(AuditDatabase database, TimeProvider? clock = null)
    {
        await using AuditTrail trail = new(database, Settings("any"), clock);
        return await trail.AnchorAsync(Cancel);
    }

    private static async Task FillAsync(AuditDatabase database, string chain, int requests, bool parallel = false, TimeProvider? clock = null)
    {
        await using AuditTrail trail = new(database, Settings(chain), clock);
        List<Task> asked = [];
        for (int i = 0; i < requests; i++)
        {
            asked.Add(new GuardedChatClient(new StubChatClient("fine"), Options(trail)).GetResponseAsync($"question {i}", cancellationToken: Cancel));
            if (!parallel) await asked[i];
        }
        await Task.WhenAll(asked);
    }

    private async Task<AuditDatabase> OpenAsync()
    {
        Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
        return AuditDatabase.Postgres(await postgres.CreateDatabaseAsync());
    }
}
