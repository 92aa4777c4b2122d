using System.Data.Common;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;
using SafeRlhfV.Guard.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Audit.Tests;

/// <summary>A trail that can be proven with a public key, and erased from without breaking it.</summary>
public sealed class TrailTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly byte[] Key = Encoding.UTF8.GetBytes("a key for tests");
    private static readonly AuditSigner Signer = AuditSigner.Create("gateway.example/audit");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Databases => ["sqlite", "postgres"];

    [Theory, MemberData(nameof(Databases))]
    public async Task ThePublicKeyAloneProvesATrail(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new() { Key = Key, Signer = Signer };
        List<AuditCheckpoint> noted = [];
        foreach (int requests in (int[])[3, 1, 4])
        {
            await FillAsync(place.Database, settings, requests);
            noted.AddRange(await SignAsync(place.Database, settings));
        }
        Assert.Equal([6, 8, 16], noted.Select(one => one.Size));
        Assert.Equal(noted[1].Root, AuditCheckpoint.Open(noted[1].Note, Signer.Verifier, "a note").Root);
        AuditReader blind = new(place.Database);
        AuditCheck check = await blind.VerifyAgainstAsync(new() { Verifier = Signer.Verifier, Notes = noted }, Cancel);
        Assert.Empty(check.Faults);
        Assert.Equal((true, 3, 0), (check.IsBlind, check.Chains[0].Signed, (int)check.Chains[0].Unsigned));
        await FillAsync(place.Database, settings, 1);
        Assert.Equal(2, (await blind.VerifyAgainstAsync(new() { Verifier = Signer.Verifier }, Cancel)).Chains[0].Unsigned);

        for (int from = 0; from < noted.Count; from++)
        {
            for (int to = from; to < noted.Count; to++)
            {
                IReadOnlyList<ConsistencyStep> steps = await blind.ProveAsync("main", noted[from].Size, noted[to].Size, Cancel);
                Assert.Null(ConsistencyStep.FindFault(noted[from], noted[to], steps));
                if (from != to) Assert.NotNull(ConsistencyStep.FindFault(noted[from], noted[to] with { Root = noted[from].Root }, steps));
                if (from != to) Assert.NotNull(ConsistencyStep.FindFault(noted[from], noted[to], []));
            }
        }
        Assert.Contains("is no checkpoint of size 7".Replace("is no", "has no"),
            (await Assert.ThrowsAsync<InvalidInputException>(() => blind.ProveAsync("main", 7, 8, Cancel))).Message);
    }

    // Who has the database, and even the key that seals the links, still cannot make the tree say otherwise.
    [Theory]
    [InlineData("UPDATE guard_audit SET at = '2001-01-01T00:00:00.000000Z' WHERE sequence = 3", "are not those that the checkpoint")]
    [InlineData("UPDATE guard_audit SET digest = hash WHERE sequence = 3", "are not those that the checkpoint")]
    [InlineData("UPDATE guard_audit SET payload = REPLACE(payload, 'tester', 'nobody') WHERE sequence = 3", "record 3 was changed")]
    [InlineData("DELETE FROM guard_audit WHERE sequence > 12", "the end was cut off")]
    [InlineData("DELETE FROM guard_audit WHERE sequence > 12; DELETE FROM guard_audit_checkpoint WHERE size > 12", "the end was cut off")]
    [InlineData("DELETE FROM guard_audit_checkpoint", "no checkpoint signed by|the noted checkpoint")]
    [InlineData("UPDATE guard_audit_checkpoint SET note = REPLACE(note, 'gateway', 'another')", "is not signed by")]
    [InlineData("UPDATE guard_audit_checkpoint SET tree = (SELECT tree FROM guard_audit_checkpoint WHERE size = 8) WHERE size = 16",
        "not signed by|was changed")]
    [InlineData("UPDATE guard_audit_checkpoint SET tree = 'x' WHERE size = 8", "the stored tree of the checkpoint of size 8 is damaged")]
    [InlineData("UPDATE guard_audit_checkpoint SET note = note || 'x' WHERE size = 8", "is not signed by")]
    [InlineData("DELETE FROM guard_audit; DELETE FROM guard_audit_mark; DELETE FROM guard_audit_checkpoint", "the end was cut off|is empty")]
    public async Task WhatContradictsACheckpointIsFound(string tampering, string faults)
    {
        await using Place place = await OpenAsync("sqlite");
        AuditSettings settings = new() { Key = Key, Signer = Signer };
        await FillAsync(place.Database, settings, 4);
        await SignAsync(place.Database, settings);
        await FillAsync(place.Database, settings, 4);
        AuditCheckpoint noted = (await SignAsync(place.Database, settings)).Single();
        await place.Database.RunAsync(tampering);
        AuditCheck check = await new AuditReader(place.Database).VerifyAgainstAsync(new() { Verifier = Signer.Verifier, Notes = [noted] }, Cancel);
        Assert.True(check.Faults.Any(found => faults.Split('|').Any(found.Contains)), string.Join('\n', check.Faults));
    }

    [Theory, MemberData(nameof(Databases))]
    public async Task ATreeGoesOnAfterItsBeginningWasDeleted(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new() { Key = Key, Signer = Signer, RecordRetention = TimeSpan.FromDays(30) };
        ManualClock clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        List<AuditCheckpoint> noted = [];
        for (int day = 0; day < 6; day++)
        {
            await FillAsync(place.Database, settings, 2, clock);
            noted.AddRange(await SignAsync(place.Database, settings, clock));
            clock.Now += TimeSpan.FromDays(10);
        }
        await using (AuditTrail trail = new(place.Database, settings, clock))
        {
            long deleted = 0;
            for (int run = 0; run < 5; run++) deleted += (await trail.ApplyRetentionAsync(Cancel)).Records;
            Assert.Equal(12, deleted); // three times two requests
        }
        await FillAsync(place.Database, settings, 1, clock);
        noted.AddRange(await SignAsync(place.Database, settings, clock));
        AuditReader reader = new(place.Database, Key);
        AuditCheck check = await reader.VerifyAgainstAsync(new() { Verifier = Signer.Verifier, Notes = noted }, Cancel);
        Assert.Empty(check.Faults);
        Assert.Equal(7, check.Chains[0].Signed);
        Assert.Null(ConsistencyStep.FindFault(noted[0], noted[^1], await reader.ProveAsync("main", noted[0].Size, noted[^1].Size, Cancel)));
    }

    [Theory, MemberData(nameof(Databases))]
    public async Task APersonIsErasedAndTheTrailStaysWhole(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new() { Key = Key, Signer = Signer, Texts = ContentKeeping.Keep };
        await FillAsync(place.Database, settings, 3, user: "ann");
        await FillAsync(place.Database, settings, 2, user: "bob"); // the first two texts are ann's too
        AuditCheckpoint noted = (await SignAsync(place.Database, settings)).Single();
        AuditReader reader = new(place.Database, Key);
        AuditMark head = (await reader.VerifyAsync(null, Cancel)).Head;
        int before = await CountAsync(place.Database, "SELECT COUNT(*) FROM guard_audit_content");

        AuditErasure.Result erased = await new AuditErasure(place.Database, Key).ForgetSubjectAsync("ann", "the officer", "a request", null, Cancel);
        Assert.Equal((3, 6, 1, 0), ((int)erased.Requests, (int)erased.Records, (int)erased.Contents, (int)erased.Kept));
        Assert.Equal(before - 1, await CountAsync(place.Database, "SELECT COUNT(*) FROM guard_audit_content"));
        Assert.Equal(6, await CountAsync(place.Database, "SELECT COUNT(*) FROM guard_audit WHERE payload = '' AND salt IS NULL"));
        AuditCheck check = await reader.VerifyAgainstAsync(new() { Head = head, Verifier = Signer.Verifier, Notes = [noted] }, Cancel);
        Assert.Empty(check.Faults);
        Assert.Equal((6, 11), (check.Erased, check.Records));
        Assert.DoesNotContain(await reader.LatestAsync(100, Cancel), record => record.Payload.Contains("ann", StringComparison.Ordinal));
        using MemoryStream exported = new();
        Assert.Equal(11, await reader.ExportAsync(exported, Cancel));
        string lines = Encoding.UTF8.GetString(exported.ToArray());
        Assert.DoesNotContain("\"ann\"", lines, StringComparison.Ordinal);
        Assert.Equal(6, lines.Split("\"record\":null").Length - 1);
        if (place.Folder is { } folder)
        {
            // the person is in no byte of the file any more
            foreach (string file in Directory.GetFiles(folder.Path))
                Assert.DoesNotContain("question 2 of", Encoding.Latin1.GetString(await ReadSharedAsync(file)), StringComparison.Ordinal);
        }
        Assert.Equal(0, (await new AuditErasure(place.Database, Key).ForgetSubjectAsync("ann", "the officer", "again", null, Cancel)).Records);

        string request = (await reader.LatestAsync(1, Cancel)).Single().Kind == "erasure" ? (await reader.LatestAsync(2, Cancel))[1].Request : "";
        Assert.Equal(2, (await new AuditErasure(place.Database, Key).ForgetRequestAsync(request, "the officer", "a request", null, Cancel)).Records);
        Assert.Empty((await reader.VerifyAsync(head, Cancel)).Faults);
    }

    // A gateway goes on writing while a person is erased: what it records of the person's texts meanwhile keeps them.
    [Theory, MemberData(nameof(Databases))]
    public async Task WhatIsRecordedDuringAnErasureKeepsItsTexts(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new() { Key = Key, Texts = ContentKeeping.Keep };
        await FillAsync(place.Database, settings, 60, user: "ann");
        await using AuditDatabase other = AuditDatabase.Of(place.Address); // another process
        await using AuditTrail trail = new(other, settings);
        GuardOptions options = new() { Moderator = ScriptedModerator.Finds("bad"), Observer = trail, Context = _ => new("bob") };
        GuardedChatClient client = new(new StubChatClient("fine"), options);
        Task<AuditErasure.Result> erasing = new AuditErasure(place.Database, Key).ForgetSubjectAsync("ann", "the officer", "a request", null, Cancel);
        for (int i = 59; i >= 0 && !erasing.IsCompleted; i--) await client.GetResponseAsync($"question {i} of many", cancellationToken: Cancel);
        Assert.Equal(60, (await erasing).Requests);
        Assert.Empty((await new AuditReader(place.Database, Key).VerifyAsync(null, Cancel)).Faults);
    }

    // A writer that has not committed yet, or that comes while the texts are being deleted.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ATextThatIsWrittenAgainJustThenStays(bool isLater)
    {
        await using Place place = await OpenAsync("postgres");
        AuditSettings settings = new() { Key = Key, Texts = ContentKeeping.Keep };
        await FillAsync(place.Database, settings, 1, user: "ann");
        string name = await PostgresServer.QueryAsync(place.Address["postgres:".Length..], "SELECT MIN(name) FROM guard_audit_content");
        await using DbConnection first = await place.Database.OpenAsync(Cancel), second = await place.Database.OpenAsync(Cancel);
        HashSet<string> contents = [name, "none"];
        Task<DbTransaction> deletion;
        if (isLater)
        {
            deletion = AuditDatabase.BeginDeletionAsync(first, contents, Cancel);
            await deletion;
            Task writing = FillAsync(place.Database, settings, 1, user: "bob");
            await Task.WhenAny(writing, Task.Delay(300, Cancel));
            Assert.False(writing.IsCompleted);
            await (await deletion).RollbackAsync(Cancel);
            await writing;
        }
        else
        {
            await using DbTransaction writer = await second.BeginTransactionAsync(Cancel);
            await AuditDatabase.ExecuteAsync(second, "UPDATE guard_audit_content SET at = at WHERE name = @name", Cancel, writer, ("name", name));
            deletion = AuditDatabase.BeginDeletionAsync(first, contents, Cancel);
            await Task.WhenAny(deletion, Task.Delay(300, Cancel));
            Assert.False(deletion.IsCompleted);
            await writer.CommitAsync(Cancel);
            await (await deletion).RollbackAsync(Cancel);
        }
        Assert.Equal([name], contents);
    }

    // A trail that somebody has changed is still exported, and a person still erased from it: by the text, where a record is no JSON any more.
    [Theory]
    [InlineData("'{'")]
    [InlineData("'null'")]
    [InlineData("'[1]'")]
    [InlineData("'{\"prompt\":7,\"rounds\":{},\"user\":[],\"outcome\":3}'")]
    [InlineData("REPLACE(payload, '{', '[')")]
    public async Task ASpoiltRecordStopsNeitherExportNorErasure(string payload)
    {
        await using Place place = await OpenAsync("sqlite");
        AuditSettings settings = new() { Key = Key, Texts = ContentKeeping.Keep };
        await FillAsync(place.Database, settings, 2, user: "person");
        await FillAsync(place.Database, settings, 1, user: "other");
        await place.Database.RunAsync($"UPDATE guard_audit SET payload = {payload} WHERE sequence = 1");
        using MemoryStream exported = new();
        Assert.Equal(6, await new AuditReader(place.Database, Key).ExportAsync(exported, new() { IsOcsf = true }, Cancel));
        AuditErasure.Result result = await new AuditErasure(place.Database, Key).ForgetSubjectAsync("person", "ann", "asked for", null, Cancel);
        Assert.Equal((2, 4), (result.Requests, result.Records));
        Assert.Equal(2, await CountAsync(place.Database, "SELECT COUNT(*) FROM guard_audit WHERE kind IN ('prompt', 'end') AND payload <> ''"));
        Assert.True(await CountAsync(place.Database, "SELECT COUNT(*) FROM guard_audit_content") > 0); // the other's stay
    }

    // Not only what the guard decided speaks of a person. The end of a request under way comes after the erasure.
    [Theory, MemberData(nameof(Databases))]
    public async Task RecordsOfAllKindsThatNameAPersonAreErased(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new() { Key = Key };
        await using (AuditTrail trail = new(place.Database, settings))
        {
            await trail.RecordAsync("refused", "r1", [new("user", "ann"), new("address", "192.0.2.7")], Cancel);
            await trail.RecordAsync("refused", "r2", [new("user", "bob"), new("address", "192.0.2.8")], Cancel);
            await trail.RecordAsync("start", "", [new("user", "ann")], Cancel); // of no request
            GuardReport report = new()
            {
                Id = "r3",
                Context = new("ann"),
                Prompt = new("one"),
                PolicyVersion = "p",
                Received = DateTimeOffset.UnixEpoch,
            };
            await trail.PromptDecidedAsync(report, Cancel);
            AuditErasure erasure = new(place.Database, Key);
            AuditErasure.Result first = await erasure.ForgetSubjectAsync("ann", "a", "b", null, Cancel);
            Assert.Equal((2, 2, 1), ((int)first.Requests, (int)first.Records, (int)first.UnderWay));
            await trail.EndedAsync(report, Cancel);
            AuditErasure.Result again = await erasure.ForgetSubjectAsync("ann", "a", "b", null, Cancel);
            Assert.Equal((1, 1, 0), ((int)again.Requests, (int)again.Records, (int)again.UnderWay));
        }
        Assert.Equal(2, await CountAsync(place.Database, "SELECT COUNT(*) FROM guard_audit WHERE kind IN ('refused', 'start') AND payload <> ''"));
        Assert.Empty((await new AuditReader(place.Database, Key).VerifyAsync(null, Cancel)).Faults);
    }

    // An empty id is that of all records of no request: starts, holds, erasures.
    [Fact]
    public async Task NoNameNoErasureAndNoHold()
    {
        await using Place place = await OpenAsync("sqlite");
        await using (AuditTrail trail = new(place.Database)) await trail.RecordAsync("start", "", [new("user", "")], Cancel);
        AuditErasure erasure = new(place.Database);
        await Assert.ThrowsAsync<InvalidInputException>(() => erasure.ForgetRequestAsync("", "a", "b", null, Cancel));
        await Assert.ThrowsAsync<InvalidInputException>(() => erasure.ForgetSubjectAsync(" ", "a", "b", null, Cancel));
        await Assert.ThrowsAsync<InvalidInputException>(() => erasure.ForgetSubjectAsync("ann", "", "b", null, Cancel));
        AuditHolds holds = new(place.Database);
        await Assert.ThrowsAsync<InvalidInputException>(() => holds.BeginAsync("", "a", "b", Cancel));
        await Assert.ThrowsAsync<InvalidInputException>(() => holds.BeginAsync("case-12", "a", " ", Cancel));
        Assert.Empty(await holds.ListAsync(Cancel));
        Assert.Equal(1, await CountAsync(place.Database, "SELECT COUNT(*) FROM guard_audit WHERE payload <> ''"));
    }

    // A hold stands in a table beside the chain; its records say whether it should.
    [Theory, MemberData(nameof(Databases))]
    public async Task AHoldThatWasTakenAwayOrForgedIsFound(string kind)
    {
        await using Place place = await OpenAsync(kind);
        await FillAsync(place.Database, new() { Key = Key }, 1);
        AuditHolds holds = new(place.Database, Key);
        AuditReader reader = new(place.Database, Key);
        await holds.BeginAsync("case-11", "ann", "court order", Cancel);
        await holds.EndAsync("case-11", "ann", "settled", Cancel);
        await holds.BeginAsync("case-12", "ann", "court order", Cancel);
        Assert.Empty((await reader.VerifyAsync(cancellationToken: Cancel)).Faults);
        await place.Database.RunAsync("DELETE FROM guard_audit_hold");
        Assert.Equal(["the legal hold 'case-12' is on record, but no longer in force"], (await reader.VerifyAsync(cancellationToken: Cancel)).Faults);
        await place.Database.RunAsync(
            "INSERT INTO guard_audit_hold (name, at, holder, reason) VALUES ('case-12', '2026', 'ann', 'x'), ('case-11', '2026', 'ann', 'x')");
        Assert.Equal(["the legal hold 'case-11' is in force, but no record says so"], (await reader.VerifyAsync(cancellationToken: Cancel)).Faults);
    }

    [Fact]
    public async Task NothingIsErasedAgainstAHoldAFloorOrWithAnotherKey()
    {
        await using Place place = await OpenAsync("sqlite");
        ManualClock clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        AuditSettings settings = new() { Key = Key, RecordRetention = TimeSpan.FromDays(60) };
        await FillAsync(place.Database, settings, 1, clock, "ann");
        AuditHolds holds = new(place.Database, Key, clock);
        await holds.BeginAsync("case-12", "ann", "court order", Cancel);
        await Assert.ThrowsAsync<InvalidInputException>(() => holds.BeginAsync("case-12", "ann", "again", Cancel));
        AuditErasure erasure = new(place.Database, Key, clock);
        await AssertRefusedAsync("legal hold 'case-12'", () => erasure.ForgetSubjectAsync("ann", "a", "b", null, Cancel));
        clock.Now += TimeSpan.FromDays(61);
        await using (AuditTrail trail = new(place.Database, settings, clock))
        {
            Assert.Equal((0, 0), await trail.ApplyRetentionConfirmedAsync(Cancel));
            Assert.Contains("legal hold", trail.HeldBack);
        }
        await holds.EndAsync("case-12", "ann", "settled", Cancel);
        await Assert.ThrowsAsync<InvalidInputException>(() => holds.EndAsync("case-12", "ann", "again", Cancel));
        await AssertRefusedAsync("younger than records must be kept", () => erasure.ForgetSubjectAsync("ann", "a", "b", TimeSpan.FromDays(90), Cancel));
        await AssertRefusedAsync("sealed with a key", () => new AuditErasure(place.Database).ForgetSubjectAsync("ann", "a", "b", null, Cancel));
        await AssertRefusedAsync("another key", () => new AuditErasure(place.Database, [1, 2]).ForgetSubjectAsync("ann", "a", "b", null, Cancel));
        Assert.Equal(2, (await erasure.ForgetSubjectAsync("ann", "a", "b", TimeSpan.FromDays(60), Cancel)).Records);
        Assert.Empty((await new AuditReader(place.Database, Key).VerifyAsync(null, Cancel)).Faults);

        static async Task AssertRefusedAsync(string said, Func<Task> call) =>
            Assert.Contains(said, (await Assert.ThrowsAsync<InvalidInputException>(call)).Message);
    }

    // A clock that jumps ahead: everything is old at once, with or without a record under the wrong time.
    [Theory]
    [InlineData(400, false)]
    [InlineData(400, true)]
    [InlineData(5000, true)]
    public async Task AWrongClockDeletesNothing(int days, bool isRecorded)
    {
        await using Place place = await OpenAsync("sqlite");
        AuditSettings settings = new() { Key = Key, RecordRetention = TimeSpan.FromDays(365), Texts = ContentKeeping.Keep };
        settings = settings with { ContentRetention = TimeSpan.FromDays(30) };
        ManualClock clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await FillAsync(place.Database, settings, 4, clock);
        clock.Now += TimeSpan.FromDays(days);
        if (isRecorded) await FillAsync(place.Database, settings, 1, clock);
        await using AuditTrail trail = new(place.Database, settings, clock);
        for (int run = 0; run < 3; run++) Assert.Equal((0, 0), await trail.ApplyRetentionAsync(Cancel));
        Assert.Contains("the clock may be wrong", trail.HeldBack);
        Assert.Equal(isRecorded ? 10 : 8, (await new AuditReader(place.Database, Key).VerifyAsync(null, Cancel)).Records);
        Assert.Equal(8, (await trail.ApplyRetentionConfirmedAsync(Cancel)).Records); // a person says that it is right
        AuditCheck check = await new AuditReader(place.Database, Key).VerifyAsync(null, Cancel);
        Assert.Empty(check.Faults);
        Assert.Equal(isRecorded ? 3 : 1, check.Records); // the deletion is on record itself: a trail never ends empty
    }

    [Fact]
    public async Task AClockThatIsAheadDeletesADayAtATime()
    {
        await using Place place = await OpenAsync("sqlite");
        AuditSettings settings = new() { RecordRetention = TimeSpan.FromDays(60) };
        ManualClock clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        for (int day = 0; day < 80; day += 5)
        {
            await FillAsync(place.Database, settings, 1, clock);
            clock.Now += TimeSpan.FromDays(5);
        }
        await using AuditTrail trail = new(place.Database, settings, clock);
        for (int run = 0; run < 4; run++) Assert.Equal(2, (await trail.ApplyRetentionAsync(Cancel)).Records);
        Assert.Equal(0, (await trail.ApplyRetentionAsync(Cancel)).Records);
        Assert.Null(trail.HeldBack);
        clock.Now += TimeSpan.FromDays(29);
        Assert.Equal(2, (await trail.ApplyRetentionAsync(Cancel)).Records);
        Assert.Contains("one day are deleted at a time", trail.HeldBack);
    }

    // The commit is done just after its caller has been told that it is not.
    [Theory, MemberData(nameof(Databases))]
    public async Task ARecordWhoseCallerWasToldOtherwiseIsFollowedByOneThatSaysSo(string kind)
    {
        await using Place place = await OpenAsync(kind);
        SlowClock clock = new();
        await using AuditTrail trail = new(place.Database, new() { Timeout = TimeSpan.FromSeconds(2) }, clock);
        await trail.RecordAsync("first", "", [], Cancel);
        clock.Delay = TimeSpan.FromSeconds(3);
        await Assert.ThrowsAsync<TimeoutException>(async () => await trail.RecordAsync("late", "a request", [], Cancel));
        clock.Delay = TimeSpan.Zero;
        AuditReader reader = new(place.Database);
        IReadOnlyList<AuditRecord> records = [];
        for (int i = 0; i < 100 && records.Count < 3; i++)
        {
            await Task.Delay(20, Cancel);
            records = await reader.LatestAsync(10, Cancel);
        }
        Assert.Equal(["unanswered", "late", "first"], records.Select(record => record.Kind));
        Assert.Equal(("a request", 2), (records[0].Request, JsonElement.Parse(records[0].Payload).GetProperty("record").GetInt32()));
        Assert.Empty((await reader.VerifyAsync(null, Cancel)).Faults);
    }

    // Without a key anybody can write marks; a note is not met by a mark alone.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ForgedMarksDoNotMeetANotedHead(bool isEmptied)
    {
        await using Place place = await OpenAsync("sqlite");
        await FillAsync(place.Database, new(), 4);
        AuditReader reader = new(place.Database);
        AuditMark noted = (await reader.VerifyAsync(null, Cancel)).Head;
        AuditMark forged = isEmptied ? noted : noted with { Sequence = noted.Sequence + 10, Hash = new('a', 64) };
        await place.Database.RunAsync("DELETE FROM guard_audit");
        await using (DbConnection connection = await place.Database.OpenAsync(Cancel))
        await using (DbTransaction transaction = await AuditDatabase.BeginWriteAsync(connection, "main", Cancel))
        {
            foreach (string mark in (string[])[AuditMarks.Start, AuditMarks.Head])
                await AuditMarks.WriteAsync(connection, transaction, mark, forged, new(null), Cancel);
            await transaction.CommitAsync(Cancel);
        }
        await FillAsync(place.Database, new(), 1);
        Assert.Contains("without the key nothing proves", string.Join('\n', (await reader.VerifyAsync(noted, Cancel)).Faults));
    }

    // What a build with version 1 wrote, byte for byte: no digest, the payload itself is linked.
    [Theory, MemberData(nameof(Databases))]
    public async Task ATrailOfVersion1IsVerifiedSignedAndGoesOn(string kind)
    {
        await using Place place = await OpenAsync(kind);
        AuditSettings settings = new() { Key = Key, Signer = Signer };
        await FillAsync(place.Database, settings, 3, user: "ann");
        AuditMark noted = await MakeVersion1Async(place.Database);
        await using (AuditDatabase again = AuditDatabase.Of(place.Address))
        {
            AuditReader reader = new(again, Key);
            Assert.Empty((await reader.VerifyAsync(noted, Cancel)).Faults);
            Assert.All(await reader.LatestAsync(10, Cancel), record => Assert.Null(record.Digest));
            await FillAsync(again, settings, 2, user: "ann");
            AuditCheckpoint signed = (await SignAsync(again, settings)).Single();
            Assert.Equal(10, signed.Size);
            Assert.Empty((await reader.VerifyAgainstAsync(new() { Head = noted, Verifier = Signer.Verifier, Notes = [signed] }, Cancel)).Faults);
            AuditErasure.Result erased = await new AuditErasure(again, Key).ForgetSubjectAsync("ann", "a", "b", null, Cancel);
            Assert.Equal((4, 6), (erased.Records, erased.Kept)); // the old ones are their own links
            Assert.Empty((await reader.VerifyAgainstAsync(new() { Head = noted, Verifier = Signer.Verifier, Notes = [signed] }, Cancel)).Faults);
            await again.RunAsync("UPDATE guard_audit SET payload = REPLACE(payload, 'ann', 'bob') WHERE sequence = 2");
            Assert.False((await reader.VerifyAsync(noted, Cancel)).IsWhole);
        }
    }

    [Fact]
    public async Task ABundleVerifiesWithThePublicKey()
    {
        await using Place place = await OpenAsync("sqlite");
        ManualClock clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        AuditSettings settings = new() { Key = Key, Signer = Signer };
        for (int day = 0; day < 3; day++)
        {
            await FillAsync(place.Database, settings, 1, clock);
            clock.Now += TimeSpan.FromDays(1);
        }
        using TemporaryFolder folder = new();
        AuditExport middle = new() { From = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero), To = new(2026, 1, 3, 0, 0, 0, TimeSpan.Zero), Chain = "main" };
        Assert.Equal(2, await AuditBundle.WriteAsync(place.Database, middle, Signer, folder.At("bundle"), clock, Cancel));
        Assert.Null(await AuditBundle.FindFaultAsync(folder.At("bundle"), Signer.Verifier, Cancel));
        AuditBundleCheck part = await AuditBundle.VerifyAsync(folder.At("bundle"), Signer.Verifier, Cancel);
        Assert.Empty(part.Faults);
        Assert.Equal((2, 0), (part.Records, part.Proven)); // its tree begins before the bundle does

        Assert.Equal(6, await AuditBundle.WriteAsync(place.Database, new(), Signer, folder.At("all"), clock, Cancel));
        AuditBundleCheck all = await AuditBundle.VerifyAsync(folder.At("all"), Signer.Verifier, Cancel);
        Assert.Empty(all.Faults);
        Assert.Equal((6, 6), (all.Records, all.Proven));
        string file = folder.At("all", "records.jsonl");
        string[] whole = await File.ReadAllLinesAsync(file, Cancel);
        (string[], string)[] changes =
        [
            ([.. whole[..2], whole[2].Replace("\"kind\":\"", "\"kind\":\"x"), .. whole[3..]], "digest covers"),
            ([.. whole[..2], .. whole[3..]], "does not follow"),
            ([whole[1], whole[0], .. whole[2..]], "does not follow"),
            ([.. whole, "{}"], "cannot be read"),
            ([.. whole[..2], whole[2].Replace("\"kind\":\"", "\"kind\":\"other\",\"kind\":\""), .. whole[3..]], "line 3 of the records has 'kind' more"),
            ([.. whole[..2], whole[2].Insert(1, "\"hash\":\"00\","), .. whole[3..]], "line 3 of the records has 'hash' more than once"),
        ];
        foreach ((string[] changed, string fault) in changes)
        {
            await File.WriteAllLinesAsync(file, changed, Cancel);
            IReadOnlyList<string> faults = (await AuditBundle.VerifyAsync(folder.At("all"), Signer.Verifier, Cancel)).Faults;
            Assert.Equal("records.jsonl was changed", faults[0]);
            Assert.Contains(faults, one => one.Contains(fault, StringComparison.Ordinal));
        }
        Assert.NotNull(await AuditBundle.FindFaultAsync(folder.At("bundle"), AuditSigner.Create("another").Verifier, Cancel));
        string records = folder.At("bundle", "records.jsonl");
        await File.WriteAllTextAsync(records, (await File.ReadAllTextAsync(records, Cancel)).Replace("Passed", "passed"), Cancel);
        Assert.Equal("records.jsonl was changed", await AuditBundle.FindFaultAsync(folder.At("bundle"), Signer.Verifier, Cancel));

        using MemoryStream output = new();
        Assert.Equal(6, await new AuditReader(place.Database).ExportAsync(output, new AuditExport { IsOcsf = true }, Cancel));
        string[] lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        JsonElement[] events = [.. lines.Select(line => JsonElement.Parse(line))];
        Assert.All(events, one => Assert.Equal(one.GetProperty("class_uid").GetInt32() / 1000, one.GetProperty("category_uid").GetInt32()));
        Assert.Equal("main:1", events[0].GetProperty("metadata").GetProperty("uid").GetString());
    }

    private static async Task<IReadOnlyList<AuditCheckpoint>> SignAsync(AuditDatabase database, AuditSettings settings, TimeProvider? clock = null)
    {
        await using AuditTrail trail = new(database, settings, clock);
        return await trail.CheckpointAsync(Cancel);
    }

    private static async Task FillAsync(AuditDatabase database, AuditSettings settings, int requests, TimeProvider? clock = null, string user = "tester")
    {
        await using AuditTrail trail = new(database, settings, clock);
        GuardOptions options = new() { Moderator = ScriptedModerator.Finds("bad"), Observer = trail, Context = _ => new(user) };
        for (int i = 0; i < requests; i++)
            await new GuardedChatClient(new StubChatClient("fine"), options).GetResponseAsync($"question {i} of many", cancellationToken: Cancel);
    }

    private static async Task<AuditMark> MakeVersion1Async(AuditDatabase database)
    {
        AuditChain arithmetic = new(Key);
        AuditMark head = AuditMark.Empty("main");
        foreach (AuditRecord record in (await new AuditReader(database, Key).LatestAsync(100, Cancel)).Reverse())
        {
            string hash = arithmetic.Link(head.Hash, record.Payload);
            await database.RunAsync($"UPDATE guard_audit SET previous = '{head.Hash}', hash = '{hash}' WHERE sequence = {record.Sequence}");
            head = new(record.Sequence, hash);
        }
        await database.RunAsync($"UPDATE guard_audit_mark SET hash = '{head.Hash}', seal = '{arithmetic.Seal(AuditMarks.Head, head)}'");
        await database.RunAsync("ALTER TABLE guard_audit DROP COLUMN digest");
        await database.RunAsync("ALTER TABLE guard_audit DROP COLUMN salt");
        foreach (string table in (string[])["checkpoint", "hold", "probe"]) await database.RunAsync($"DROP TABLE guard_audit_{table}");
        return head;
    }

    private static async Task<int> CountAsync(AuditDatabase database, string query)
    {
        await using DbConnection connection = await database.OpenAsync(Cancel);
        await using DbCommand command = AuditDatabase.Command(connection, null, query);
        return Convert.ToInt32(await command.ExecuteScalarAsync(Cancel), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, Cancel);
        return bytes;
    }

    private async Task<Place> OpenAsync(string kind)
    {
        if (kind == "postgres")
        {
            Assert.SkipWhen(postgres.Connection is null, postgres.Missing);
            string server = $"postgres:{await postgres.CreateDatabaseAsync()}";
            return new(AuditDatabase.Of(server), server, null);
        }
        TemporaryFolder folder = new();
        string address = $"sqlite:{folder.At("audit.db")}";
        return new(AuditDatabase.Of(address), address, folder);
    }

    private sealed record Place(AuditDatabase Database, string Address, TemporaryFolder? Folder) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Database.DisposeAsync();
            Folder?.Dispose();
        }
    }

    /// <summary>A clock that the writer has to wait for: what it writes then is late.</summary>
    private sealed class SlowClock : TimeProvider
    {
        public TimeSpan Delay { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            if (Delay > TimeSpan.Zero) Thread.Sleep(Delay);
            return base.GetUtcNow();
        }
    }
}
