using System.Collections.Concurrent;
using SafeRlhfV.Audit.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Annotation.Tests;

public sealed class PostgresQueueTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task WorkersSideBySideLabelEveryPairOnce()
    {
        string address = await DatabaseAsync();
        await using LabelCase one = await LabelCase.StartAsync(30);
        LabellingReport[] reports = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Task.Run(() => one.RunAsync(options: Options(address) with
        {
            Worker =
            $"worker-{i}"
        }))));
        Assert.All(reports, report => Assert.Equal((30L, 30, true), (report.Pairs, report.Labelled, report.IsComplete)));
        Assert.Equal(60, one.Server.Requests.Count);
        LabelCase.AssertLabelled(one.Target, 30);
        JobStatus status = Assert.Single(await QueueAdministration.StatusAsync(address, "labels", TestContext.Current.CancellationToken));
        Assert.Equal(("label", 8, 8, 0, 30L), (status.Kind, status.Shards, status.Done, status.Failed, status.ItemsDone));
        Assert.NotNull(status.Finished);
        Assert.Equal(reports[0].Cost, status.Cost, 9);
        // one who comes late finds the job done
        LabellingReport late = await one.RunAsync(options: Options(address));
        Assert.Equal((30, 60), (late.Labelled, one.Server.Requests.Count));
    }

    [Fact]
    public async Task ClaimsAreNeverShared()
    {
        string address = await DatabaseAsync();
        ConcurrentBag<int> claimed = [];
        Work work = new(200);
        await using (PostgresQueue first = new(Options(address))) await first.JoinAsync(() => "token", work, "target", () => { },
            TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            await using PostgresQueue queue = new(Options(address));
            await queue.JoinAsync(() => "token", work, "target", () => { }, TestContext.Current.CancellationToken);
            while (await queue.ClaimAsync(TestContext.Current.CancellationToken) is { } claim) claimed.Add(claim.Shard);
        })));
        Assert.Equal(Enumerable.Range(0, 200), claimed.Order());
    }

    [Fact]
    public async Task AClaimWithoutASignOfLifeIsAnothersAndCannotFinishAnyMore()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string address = await DatabaseAsync();
        Work work = new(1);
        await using PostgresQueue slow = new(Options(address) with { Lease = TimeSpan.FromSeconds(0.5) }), other = new(Options(address));
        await slow.JoinAsync(() => "token", work, "target", () => { }, cancellationToken);
        await other.JoinAsync(() => "token", work, "target", () => { }, cancellationToken);
        ShardClaim lost = (await slow.ClaimAsync(cancellationToken))!;
        Assert.NotNull(await slow.BeatAsync(lost, 1, 0.5, cancellationToken));
        Assert.Null(await other.ClaimAsync(cancellationToken));
        ShardClaim? taken = null;
        for (int i = 0; i < 100 && taken is null; i++)
        {
            await Task.Delay(50, cancellationToken);
            taken = await other.ClaimAsync(cancellationToken);
        }
        Assert.NotNull(taken);
        Assert.Null(await slow.BeatAsync(lost, 1, 0.5, cancellationToken));
        await slow.CompleteAsync(lost, new ShardCounts { Items = 1 }, cancellationToken);
        Assert.Equal(1, (await other.ProgressAsync(cancellationToken)).Open);
        await other.CompleteAsync(taken, new ShardCounts { Items = 1 }, cancellationToken);
        Assert.Equal(0, (await slow.ProgressAsync(cancellationToken)).Open);
    }

    [Fact]
    public async Task AWorkerOutlivesARestartOfTheDatabase()
    {
        string address = await DatabaseAsync();
        if (!postgres.IsOurs) Assert.Skip("the database is not the tests' own");
        await using LabelCase one = await LabelCase.StartAsync(12);
        one.Server.Delay = TimeSpan.FromMilliseconds(50);
        Task<LabellingReport> run = Task.Run(() => one.RunAsync(options: Options(address) with { Lease = TimeSpan.FromSeconds(1) }));
        while (one.Server.Answered.Count < 6) await Task.Delay(10, TestContext.Current.CancellationToken);
        await postgres.StopAsync();
        await Task.Delay(1500, TestContext.Current.CancellationToken); // longer than the lease
        await postgres.StartAsync();
        Npgsql.NpgsqlConnection.ClearAllPools(); // of other tests
        LabellingReport report = await run;
        Assert.Equal((12, true), (report.Labelled, report.IsComplete));
        LabelCase.AssertLabelled(one.Target, 12);
        Assert.Equal(24, one.Server.Answered.Count);
    }

    [Fact]
    public async Task TheLastStepIsDoneAgainWhereItsWorkerWasLost()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string address = await DatabaseAsync();
        await using LabelCase one = await LabelCase.StartAsync(8);
        await one.RunAsync(options: Options(address));
        Directory.Delete(one.Target, recursive: true);
        await using (QueueDatabase database = new(address))
            await database.RunAsync(connection => QueueDatabase.ExecuteAsync(connection, "UPDATE saferlhfv_job SET finished = NULL", cancellationToken),
                cancellationToken);
        await one.RunAsync(options: Options(address));
        LabelCase.AssertLabelled(one.Target, 8);
        Assert.Equal(16, one.Server.Answered.Count);
    }

    [Fact]
    public async Task FailedShardsAreToldAndHandedOutAgain()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string address = await DatabaseAsync();
        await using LabelCase one = await LabelCase.StartAsync(10);
        one.Server.Fault = async (http, body, _) => FakeChatServer.WordsOf(body).Contains("Question 7?", StringComparison.Ordinal)
            && await FakeChatServer.ErrorAsync(http, 400, "not this one");
        LabellingReport first = await one.RunAsync(options: Options(address) with { Attempts = 2 });
        Assert.Equal((9, false), (first.Labelled, first.IsComplete));
        ShardStatus failed = Assert.Single((await QueueAdministration.StatusAsync(address, "labels", cancellationToken))[0].Remarkable);
        Assert.Equal((2, "failed"), (failed.Attempts, failed.State));
        Assert.Contains("not this one", failed.Fault, StringComparison.Ordinal);
        one.Server.Fault = (_, _, _) => Task.FromResult(false);
        Assert.Equal(1, await QueueAdministration.RetryAsync(address, "labels", cancellationToken));
        LabellingReport second = await one.RunAsync(options: Options(address));
        Assert.Equal((10, true), (second.Labelled, second.IsComplete));
        LabelCase.AssertLabelled(one.Target, 10);
        Assert.Equal(20, one.Server.Answered.Count);
    }

    [Fact]
    public async Task AWorkerOfOtherWorkOrAnotherFolderIsRefused()
    {
        string address = await DatabaseAsync();
        await using LabelCase one = await LabelCase.StartAsync(4), other = await LabelCase.StartAsync(4), more = await LabelCase.StartAsync(5);
        await one.RunAsync(options: Options(address));
        JudgingSettings same = one.Settings();
        Assert.Contains("works in another folder",
            (await Assert.ThrowsAsync<InvalidInputException>(() =>
                DatasetLabeller.RunAsync(same, one.Data, other.Working, other.Target, Options(address)))).Message, StringComparison.Ordinal);
        Assert.Contains("give the same --out", (await Assert.ThrowsAsync<InvalidInputException>(
            () => DatasetLabeller.RunAsync(same, one.Data, one.Working, other.Target, Options(address)))).Message, StringComparison.Ordinal);
        Assert.Contains("is other work", (await Assert.ThrowsAsync<InvalidInputException>(() => more.RunAsync(options: Options(address)))).Message,
            StringComparison.Ordinal);
        await QueueAdministration.RemoveAsync(address, "labels", TestContext.Current.CancellationToken);
        await more.RunAsync(options: Options(address));
        await Assert.ThrowsAsync<InvalidInputException>(() => QueueAdministration.RetryAsync(address, "nobody", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task MakingPairsIsSharedAndGivesWhatOneWorkerGives()
    {
        string address = await DatabaseAsync();
        await using MakingCase one = await MakingCase.StartAsync(6);
        MakingSettings settings = one.Settings();
        await one.RunAsync(settings);
        string[] alone = Rows(one.Target);
        using TemporaryFolder folder = new();
        MakingReport[] reports = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            DatasetMaker.ShareAsync(settings, one.Images, folder.At("work"), folder.At("made"), Options(address) with { Job = "make", ShardPairs = 3 }))));
        Assert.All(reports, report => Assert.Equal((6, 12, true), (report.Images, report.Pairs, report.IsComplete)));
        Assert.Equal(alone, Rows(folder.At("made")));
        Assert.True(File.Exists(Path.Combine(folder.At("made"), "making.json")));

        static string[] Rows(string path) =>
            [.. PreferenceDataset.Open(path).ReadPairs()
                .Select(pair => $"{pair.Category} {pair.ImageSeverity} {pair.Question} {pair.Image!.Path} {pair.Response1} {pair.Response2} {pair.Safer}")
                    .Order(StringComparer.Ordinal)];
    }

    [Theory]
    [InlineData("postgres://anna:se%20cret@db.example:5433/work?Timeout=3", "db.example", 5433, "anna", "se cret", "work")]
    [InlineData("postgresql://db.example/work", "db.example", 5432, null, null, "work")]
    [InlineData("postgres:Host=db.example;Username=anna;Database=work", "db.example", 5432, "anna", null, "work")]
    public void AddressesAreRead(string address, string host, int port, string? user, string? password, string database)
    {
        Npgsql.NpgsqlConnectionStringBuilder read = new(QueueAddress.Read(address));
        Assert.Equal((host, port, user, password, database), (read.Host, read.Port, read.Username, read.Password, read.Database));
    }

    [Theory, InlineData("mysql://secret@host"), InlineData("postgres://secret@host/db?unknown=1"), InlineData("secret")]
    public void OtherAddressesAreRefusedWithoutRepeatingThem(string address) =>
        Assert.DoesNotContain("secret", Assert.Throws<InvalidInputException>(() => QueueAddress.Read(address)).Message, StringComparison.Ordinal);

    private static WorkerOptions Options(string address) => new() { Queue = address, Job = "labels", ShardPairs = 4, Lease = TimeSpan.FromSeconds(20) };

    private async Task<string> DatabaseAsync()
    {
        if (postgres.Connection is null) Assert.Skip(postgres.Missing);
        return $"postgres:{await postgres.CreateDatabaseAsync()}";
    }

    /// <summary>Work that is never done.</summary>
    private sealed class Work(int shards) : IShardedWork
    {
        public string Kind => "label";
        public string Identity => "identity";
        public int Shards => shards;
        public long Items => shards;
        public IEnumerable<EndpointSettings> Endpoints => [];
        public double? Budget => null;
        public BeaverTailsWriterOptions Card => new();
        public Task<ShardOutcome> RunAsync(int shard, ModelCaller caller, int parallel, Action onItem, CancellationToken cancellationToken) =>
            throw new InvalidOperationException();
        public BeaverTailsWriter Begin(string folder, BeaverTailsWriterOptions options) => throw new InvalidOperationException();
        public (string Name, string Text) Describe(ShardCounts counts, IReadOnlyList<AnnotationRecord> sample) => throw new InvalidOperationException();
    }
}
