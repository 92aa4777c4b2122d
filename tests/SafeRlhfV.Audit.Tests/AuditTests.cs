using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;
using SafeRlhfV.Guard.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Audit.Tests;

public sealed class AuditTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly byte[] Key = Encoding.UTF8.GetBytes("a key for tests");

    public static TheoryData<string> Databases => ["sqlite", "postgres"];

    [Theory, MemberData(nameof(Databases))]
    public async Task EveryRequestIsRecordedAndTheTrailIsWhole(string kind)
    {
        await using Place place = await OpenAsync(kind);
        await FillAsync(place.Database, new(), 40);
        AuditCheck check = await new AuditReader(place.Database).VerifyAsync();
        Assert.Empty(check.Faults);
        Assert.Equal(80, check.Records);
        Assert.Equal(80, check.Head.Sequence);
        using MemoryStream exported = new();
        Assert.Equal(80, await new AuditReader(place.Database).ExportAsync(exported));
        JsonElement[] lines = [.. Encoding.UTF8.GetString(exported.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line))];
        Assert.Equal(80, lines.Length);
        Assert.DoesNotContain("question", Encoding.UTF8.GetString(exported.ToArray()));
        foreach (IGrouping<string?, JsonElement> request in lines.GroupBy(line => line.GetProperty("record").GetProperty("request").GetString()))
            Assert.Equal(["prompt", "end"], request.Select(line => line.GetProperty("record").GetProperty("kind").GetString()));
        Assert.Equal(10, lines.Count(line =>
            line.GetProperty("record").TryGetProperty("outcome", out JsonElement outcome) && outcome.GetString() == "AnswerRefused"));
    }

    [Theory, MemberData(nameof(Databases))]
    public async Task ConcurrentRecordsAndWritersMakeOneChain(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new() { Key = Key, Timeout = TimeSpan.FromSeconds(30) };
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => FillAsync(place.Database, settings, 60, parallel: true)));
        AuditCheck check = await new AuditReader(place.Database, Key).VerifyAsync();
        Assert.Empty(check.Faults);
        Assert.Equal(360, check.Records);
    }

    public static TheoryData<string, string, bool> Tampering => new()
    {
        { "a payload", "UPDATE guard_audit SET payload = REPLACE(payload, '\"Allow\"', '\"Block\"') WHERE sequence = 10", false },
        { "a byte of a payload", "UPDATE guard_audit SET payload = payload || ' ' WHERE sequence = 3", false },
        { "a hash", "UPDATE guard_audit SET hash = previous WHERE sequence = 7", false },
        { "a time", "UPDATE guard_audit SET at = '2001-01-01T00:00:00.000000Z' WHERE sequence = 5", false },
        { "a request", "UPDATE guard_audit SET request = 'other' WHERE sequence = 5", false },
        { "a kind", "UPDATE guard_audit SET kind = 'review' WHERE sequence = 5", false },
        { "a gap", "DELETE FROM guard_audit WHERE sequence = 6", false },
        { "a wide gap", "DELETE FROM guard_audit WHERE sequence BETWEEN 6 AND 9", false },
        { "the beginning", "DELETE FROM guard_audit WHERE sequence < 4", false },
        { "the end", "DELETE FROM guard_audit WHERE sequence > 12", false },
        { "the end and its mark", "DELETE FROM guard_audit WHERE sequence > 12; UPDATE guard_audit_mark SET sequence = 12, hash = (SELECT hash FROM "
            + "guard_audit WHERE sequence = 12)", false },
        { "an exchange", "UPDATE guard_audit SET sequence = -1 WHERE sequence = 4; UPDATE guard_audit SET sequence = 4 WHERE sequence = 8; UPDATE guard_audit "
            + "SET sequence = 8 WHERE sequence = -1", false },
        { "no mark", "DELETE FROM guard_audit_mark", false },
        { "everything", "DELETE FROM guard_audit", false },
        { "everything and the mark", "DELETE FROM guard_audit; DELETE FROM guard_audit_mark", false },
        { "a kept content", "UPDATE guard_audit_content SET name = 'x' || name", false },
        { "all kept contents", "DELETE FROM guard_audit_content", false },
        { "one kept content", "DELETE FROM guard_audit_content WHERE name = (SELECT MIN(name) FROM guard_audit_content)", false },
        { "a salt", "UPDATE guard_audit SET salt = '00' || SUBSTR(salt, 3) WHERE sequence = 4", false },
        { "a digest", "UPDATE guard_audit SET digest = hash WHERE sequence = 4", false },
        { "a record made empty", "UPDATE guard_audit SET payload = '', salt = NULL WHERE sequence = 4", false },
        { "a version", "UPDATE guard_audit SET digest = NULL, salt = NULL WHERE sequence = 4", false },
    };

    [Theory, MemberData(nameof(Tampering))]
    public async Task AnyChangeOrGapIsFound(string what, string tampering, bool onlyByNote)
    {
        foreach (string kind in Databases.Select(row => row.Data))
        {
            if (kind == "postgres" && postgres.Connection is null) continue; // counted as skipped by the tests above
            await using Place place = await OpenAsync(kind);
            await FillAsync(place.Database, new() { Key = Key, Texts = ContentKeeping.Keep }, 8);
            AuditReader reader = new(place.Database, Key);
            AuditCheck before = await reader.VerifyAsync();
            Assert.Empty(before.Faults);
            await place.Database.RunAsync(tampering);
            Assert.Equal(onlyByNote, (await reader.VerifyAsync()).IsWhole);
            Assert.False((await reader.VerifyAsync(before.Head)).IsWhole, $"{kind}: {what}");
        }
    }

    // Whichever character of whichever record is changed, it is found.
    [Fact]
    public async Task AnyChangedCharacterIsFound()
    {
        await using Place place = await OpenAsync("sqlite");
        await FillAsync(place.Database, new(), 6);
        AuditReader reader = new(place.Database);
        IReadOnlyList<AuditRecord> records = await reader.LatestAsync(100);
        await Gen.Select(Gen.Int[0, records.Count - 1], Gen.Int[0, 100_000], Gen.Char.AlphaNumeric).SampleAsync(async (index, at, letter) =>
        {
            AuditRecord record = records[index];
            char[] payload = record.Payload.ToCharArray();
            if (payload[at % payload.Length] == letter) return;
            payload[at % payload.Length] = letter;
            await SetAsync(record.Sequence, new string(payload));
            Assert.False((await reader.VerifyAsync()).IsWhole);
            await SetAsync(record.Sequence, record.Payload);
        }, iter: 60, threads: 1);
        Assert.True((await reader.VerifyAsync()).IsWhole);

        async Task SetAsync(long sequence, string payload)
        {
            await using System.Data.Common.DbConnection connection = await place.Database.OpenAsync(default);
            await AuditDatabase.ExecuteAsync(connection, "UPDATE guard_audit SET payload = @payload WHERE sequence = @sequence", default, null,
                ("payload", payload), ("sequence", sequence));
        }
    }

    [Fact]
    public async Task AnotherKeyDoesNotVerify()
    {
        await using Place place = await OpenAsync("sqlite");
        await FillAsync(place.Database, new() { Key = Key }, 2);
        Assert.False((await new AuditReader(place.Database, [1, 2, 3]).VerifyAsync()).IsWhole);
        Assert.False((await new AuditReader(place.Database).VerifyAsync()).IsWhole);
        Assert.True((await new AuditReader(place.Database, Key).VerifyAsync()).IsWhole);
    }

    [Theory, MemberData(nameof(Databases))]
    public async Task OldRecordsGoAndTheRestStaysWhole(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new()
        {
            Key = Key,
            RecordRetention = TimeSpan.FromDays(30),
            ContentRetention = TimeSpan.FromDays(1),
            Texts = ContentKeeping.Keep
        };
        ManualClock clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await FillAsync(place.Database, settings, 5, clock: clock);
        AuditMark noted = (await new AuditReader(place.Database, Key).VerifyAsync()).Head;
        clock.Now += TimeSpan.FromDays(20);
        await FillAsync(place.Database, settings, 5, clock: clock, salt: "later");
        clock.Now += TimeSpan.FromDays(20);
        await using AuditTrail trail = new(place.Database, settings, clock);
        (long records, long contents) = await trail.ApplyRetentionAsync();
        Assert.Equal(10, records);
        Assert.True(contents > 0);
        AuditCheck check = await new AuditReader(place.Database, Key).VerifyAsync(noted);
        Assert.Empty(check.Faults);
        Assert.Equal(11, check.Records); // the run is on record itself
        Assert.Equal((0, 0), await trail.ApplyRetentionAsync());
    }

    [Theory]
    [InlineData(ContentKeeping.Hash, null)]
    [InlineData(ContentKeeping.Redact, "write to [mail] or call [number], password: [secret]")]
    [InlineData(ContentKeeping.Keep, "write to ann@example.org or call +49 30 1234567, password: hunter2")]
    public async Task TextsAreKeptAsTheSettingsSay(ContentKeeping keeping, string? expected)
    {
        await using Place place = await OpenAsync("sqlite");
        await using (AuditTrail trail = new(place.Database, new() { Texts = keeping, Images = keeping == ContentKeeping.Keep ? keeping : ContentKeeping.Hash }))
        {
            GuardedChatClient client = new(new StubChatClient("fine"), new() { Moderator = ScriptedModerator.Finds("bad"), Observer = trail });
            await client.GetResponseAsync([new(ChatRole.User,
                [new TextContent("write to ann@example.org or call +49 30 1234567, password: hunter2"), new DataContent(new byte[] { 1, 2 }, "image/png")])]);
        }
        AuditReader reader = new(place.Database);
        IReadOnlyList<AuditRecord> records = await reader.LatestAsync(10);
        Assert.All(records, record => Assert.DoesNotContain("example.org", record.Payload));
        JsonElement prompt = JsonElement.Parse(records[0].Payload).GetProperty("prompt");
        byte[]? kept = prompt.TryGetProperty("kept", out JsonElement name) ? await reader.ContentAsync(name.GetString()!) : null;
        Assert.Equal(expected, kept is null ? null : Encoding.UTF8.GetString(kept));
        Assert.Equal(keeping == ContentKeeping.Keep, await reader.ContentAsync(prompt.GetProperty("images")[0].GetString()!) is not null);
    }

    [Fact]
    public async Task ReviewsJoinTheChain()
    {
        await using Place place = await OpenAsync("sqlite");
        await FillAsync(place.Database, new(), 1);
        AuditReader reader = new(place.Database);
        string request = (await reader.LatestAsync(1))[0].Request;
        await using (AuditTrail trail = new(place.Database)) await trail.ReviewedAsync(request, "ann", false, null, "harmless");
        Assert.Equal(["prompt", "end", "review"], (await reader.OfRequestAsync(request)).Select(record => record.Kind));
        Assert.True((await reader.VerifyAsync()).IsWhole);
    }

    [Fact]
    public async Task ADatabaseThatIsAwayMeansARefusal()
    {
        await using AuditDatabase nowhere = AuditDatabase.Postgres("Host=127.0.0.1;Port=1;Username=nobody;Timeout=1");
        await using AuditTrail trail = new(nowhere, new() { Timeout = TimeSpan.FromSeconds(2) });
        StubChatClient model = new("fine");
        GuardedChatClient client = new(model, new() { Moderator = ScriptedModerator.Finds("bad"), Observer = trail });
        // The first request shows that the database is away, while the model is being asked; from then on it is not asked.
        for (int i = 0; i < 3; i++) Assert.Equal(GuardPolicy.Default.FailureRefusal, (await client.GetResponseAsync("question")).GetRefusal());
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task ADatabaseThatGoesAndComesBackLosesNothing()
    {
        Assert.SkipWhen(!postgres.IsOurs, postgres.Missing.Length > 0 ? postgres.Missing : "the server is not ours to stop");
        PostgresServer own = new();
        await own.InitializeAsync();
        try
        {
            await using AuditDatabase database = AuditDatabase.Postgres(await own.CreateDatabaseAsync());
            await using AuditTrail trail = new(database, new() { Key = Key });
            GuardedChatClient client = new(new StubChatClient("fine"), new() { Moderator = ScriptedModerator.Finds("bad"), Observer = trail });
            Assert.Equal("fine", (await client.GetResponseAsync("one")).Text);
            await own.StopAsync();
            Assert.Equal(GuardPolicy.Default.FailureRefusal, (await client.GetResponseAsync("two")).GetRefusal());
            await own.StartAsync();
            Assert.Equal("fine", (await client.GetResponseAsync("three")).Text);
            AuditCheck check = await new AuditReader(database, Key).VerifyAsync();
            Assert.Empty(check.Faults);
            Assert.Equal(4, check.Records);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    // The database fails just while the prompt is written, and is well again when the end is: an end without its beginning must not stand.
    [Theory, MemberData(nameof(Databases))]
    public async Task AnEndDoesNotStandWhereItsPromptCouldNotBeRecorded(string kind)
    {
        await using Place place = await OpenAsync(kind);
        await FillAsync(place.Database, new(), 1);
        await using AuditTrail trail = new(place.Database, new());
        GuardReport report = new()
        {
            Id = "half",
            Received = DateTimeOffset.UtcNow,
            Context = GuardContext.Anyone,
            Prompt = new ModerationRequest("question"),
            PolicyVersion = "1",
            Outcome = GuardOutcome.Passed,
        };
        await place.Database.RunAsync("ALTER TABLE guard_audit RENAME TO guard_audit_away");
        await Assert.ThrowsAnyAsync<Exception>(async () => await trail.PromptDecidedAsync(report, default));
        await place.Database.RunAsync("ALTER TABLE guard_audit_away RENAME TO guard_audit");
        await Assert.ThrowsAnyAsync<Exception>(async () => await trail.EndedAsync(report with { Rounds = [] }, default));
        await trail.EndedAsync(new GuardReport
        {
            Id = "whole",
            Received = report.Received,
            Context = report.Context,
            Prompt = report.Prompt,
            PolicyVersion = "1"
        }, default);

        AuditReader reader = new(place.Database);
        Assert.Empty((await reader.VerifyAsync()).Faults);
        Assert.Empty(await reader.OfRequestAsync("half"));
        Assert.Single(await reader.OfRequestAsync("whole"));
    }

    [Fact]
    public async Task AFileIsForItsOwnerAlone()
    {
        await using Place place = await OpenAsync("sqlite");
        await using AuditTrail trail = new(place.Database);
        await trail.ReviewedAsync("request", "ann", false, null, null);
        string[] files = Directory.GetFiles(place.Folder!.Path);
        Assert.Contains(files, file => file.EndsWith("-wal", StringComparison.Ordinal));
        foreach (string file in files)
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void AnAddressNamesADatabase()
    {
        Assert.Throws<InvalidInputException>(() => AuditDatabase.Of("mysql:x"));
        Assert.Throws<InvalidInputException>(() => AuditDatabase.Of("postgres:Nonsense=1"));
        Assert.Throws<InvalidInputException>(() => AuditDatabase.Of("sqlite:"));
    }

    private static async Task FillAsync(AuditDatabase database, AuditSettings settings, int requests, bool parallel = false, TimeProvider? clock = null,
        string salt = "")
    {
        await using AuditTrail trail = new(database, settings, clock);
        GuardOptions options = new() { Moderator = ScriptedModerator.Finds("bad"), Observer = trail, Policy = () => GuardPolicy.Default with { Rounds = 1 } };
        GuardedChatClient client = new(new StubChatClient((_, messages) => StubChatClient.Answer(messages[0].Text.Contains("question 3") ? "bad" : "fine")),
            options);
        Task[] asked = new Task[requests];
        for (int i = 0; i < requests; i++)
        {
            int number = i % 4;
            GuardedChatClient each = parallel ? new(new StubChatClient("fine"), options) : client;
            asked[i] = each.GetResponseAsync($"{salt} question {number} of {i / 4 * 10}");
            if (!parallel) await asked[i];
        }
        await Task.WhenAll(asked);
    }

    private async Task<Place> OpenAsync(string kind)
    {
        if (kind == "postgres")
        {
            Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
            return new(AuditDatabase.Of($"postgres:{await postgres.CreateDatabaseAsync()}"), null);
        }
        TemporaryFolder folder = new();
        return new(AuditDatabase.Of($"sqlite:{folder.At("audit.db")}"), folder);
    }

    private sealed record Place(AuditDatabase Database, TemporaryFolder? Folder) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Database.DisposeAsync();
            Folder?.Dispose();
        }
    }
}
