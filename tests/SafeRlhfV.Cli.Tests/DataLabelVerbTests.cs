using System.Text.Json.Nodes;
using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Audit.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

public sealed class DataLabelVerbTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task OfTwoWorkersOneIsKilledAndEveryPairIsLabelledOnce()
    {
        const int Pairs = 60;
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Delay = TimeSpan.FromMilliseconds(15);
        string[] arguments = await PrepareAsync(folder, server, Pairs);
        using CliProcess first = CliProcess.Start([.. arguments, "--worker", "first"]), second = CliProcess.Start([.. arguments, "--worker", "second"]);
        while (server.Answered.Count < Pairs / 2) await Task.Delay(10, TestContext.Current.CancellationToken);
        await first.KillAsync();
        (int code, string output, string errors) = await second.EndAsync();
        Assert.True(code == 0, errors);
        JsonNode report = JsonNode.Parse(output)!;
        Assert.Equal((Pairs, Pairs, 0), ((int)report["pairs"]!, (int)report["labelled"]!, (int)report["contested"]!));
        LabelCase.AssertLabelled(folder.At("labelled"), Pairs);
        // only what was under way when it was killed may be asked twice: four calls, and as many where a busy machine lets a lease run out
        Assert.InRange(server.Requests.Count, 2 * Pairs, 2 * Pairs + 12);
        Assert.Equal(0, await CliHost.RunAsync(["data", "queue", "status", "--queue", arguments[^1], "--job", "labelled"]));
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync(["data", "queue", "status", "--queue", arguments[^1], "--job", "nobody"]));
    }

    [Fact, Trait("speed", "slow")]
    public async Task KilledAtRandomAgainAndAgainWorkersLoseAndDoubleNothing()
    {
        const int Pairs = 150, Workers = 3, Kills = 12;
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Delay = TimeSpan.FromMilliseconds(100);
        string[] arguments = await PrepareAsync(folder, server, Pairs);
        RandomStream random = new(5, "kills");
        CliProcess[] workers = [.. Enumerable.Range(0, Workers).Select(_ => CliProcess.Start(arguments))];
        try
        {
            for (int kill = 0; kill < Kills; kill++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500 + random.NextInt(1500)), TestContext.Current.CancellationToken);
                int one = random.NextInt(Workers);
                if (workers[one].HasEnded) break;
                await workers[one].KillAsync();
                workers[one].Dispose();
                workers[one] = CliProcess.Start(arguments);
            }
            server.Delay = TimeSpan.Zero;
            foreach (CliProcess worker in workers)
            {
                (int code, _, string errors) = await worker.EndAsync();
                Assert.True(code == 0, errors);
            }
        }
        finally
        {
            foreach (CliProcess worker in workers) worker.Dispose();
        }
        LabelCase.AssertLabelled(folder.At("labelled"), Pairs);
        Assert.InRange(server.Requests.Count, 2 * Pairs, 2 * Pairs + Kills * 8);
    }

    [Fact]
    public async Task WithoutAQueueItGoesOnAfterAKillAndAsksNothingTwice()
    {
        const int Pairs = 20;
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Fault = async (http, _, number) =>
        {
            if (number >= 25) await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return http.RequestAborted.IsCancellationRequested;
        };
        string[] arguments = Arguments(folder, server, Pairs);
        using (CliProcess run = CliProcess.Start(arguments))
        {
            while (server.Requests.Count < 27) await Task.Delay(5, TestContext.Current.CancellationToken);
            await run.KillAsync();
        }
        server.Fault = (_, _, _) => Task.FromResult(false);
        Assert.Equal(0, await CliHost.RunAsync(arguments));
        LabelCase.AssertLabelled(folder.At("labelled"), Pairs);
        Assert.InRange(server.Requests.Count, 2 * Pairs, 2 * Pairs + 4);
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync(arguments)); // the folder is taken
    }

    [Fact]
    public async Task MakingPairsIsSharedTooAndAWorkerOfItCanBeKilled()
    {
        if (postgres.Connection is null) Assert.Skip(postgres.Missing);
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Delay = TimeSpan.FromMilliseconds(50);
        string[] arguments =
        [
            .. DataMakeVerbTests.Prepare(folder, server), "--queue", $"postgres:{await postgres.CreateDatabaseAsync()}", "--shard", "2", "--lease", "1.5",
        ];
        using CliProcess first = CliProcess.Start(arguments), second = CliProcess.Start(arguments);
        while (server.Answered.Count < DataMakeVerbTests.Images) await Task.Delay(10, TestContext.Current.CancellationToken);
        await first.KillAsync();
        (int code, string output, string errors) = await second.EndAsync();
        Assert.True(code == 0, errors);
        Assert.Equal(DataMakeVerbTests.Images, (int)JsonNode.Parse(output)!["pairs"]!);
        Assert.Equal(DataMakeVerbTests.Images, PreferenceDataset.Open(folder.At("made")).ReadPairs().Select(pair => pair.Image!.Path).Distinct().Count());
    }

    [Fact]
    public async Task ThePlanAsksNothingAndOptionsOfAQueueNeedOne()
    {
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        string[] arguments = Arguments(folder, server, 4);
        Assert.Equal(0, await CliHost.RunAsync([.. arguments, "--plan"]));
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync([.. arguments, "--lease", "5"]));
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync([.. arguments, "--queue", "mysql://nowhere"]));
        Assert.Equal(CliHost.CheckFailed, await CliHost.RunAsync([.. arguments, "--queue", "postgres://127.0.0.1:1/nowhere"]));
        Assert.Empty(server.Requests);
    }

    private async Task<string[]> PrepareAsync(TemporaryFolder folder, FakeChatServer server, int pairs)
    {
        if (postgres.Connection is null) Assert.Skip(postgres.Missing);
        return [.. Arguments(folder, server, pairs), "--lease", "2.5", "--attempts", "50", "--queue", $"postgres:{await postgres.CreateDatabaseAsync()}"];
    }

    private static string[] Arguments(TemporaryFolder folder, FakeChatServer server, int pairs)
    {
        LabelCase.WritePairs(folder.At("pairs"), pairs);
        File.WriteAllText(folder.At("label.yaml"), LabelCase.Yaml(server.Address));
        return ["data", "label", folder.At("pairs"), "--config", folder.At("label.yaml"), "--out", folder.At("labelled"), "--shard", "8", "--json"];
    }
}
