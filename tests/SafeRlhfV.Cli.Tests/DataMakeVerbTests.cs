using System.Text.Json.Nodes;
using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

public sealed class DataMakeVerbTests
{
    internal const int Images = 6, Calls = Images * (1 + 2 + 2), Concurrency = 2;

    [Fact]
    public async Task KilledAgainAndAgainItLosesNoAnswerAndAsksNothingTwice()
    {
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        int served = int.MaxValue;
        server.Fault = async (http, _, number) =>
        {
            // what is beyond waits for the kill, so that no run comes to its end before
            if (number >= Volatile.Read(ref served)) await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return http.RequestAborted.IsCancellationRequested;
        };
        string[] arguments = Prepare(folder, server);
        const int Kills = 4;
        int lost = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            Volatile.Write(ref served, server.Requests.Count + 7);
            using CliProcess run = CliProcess.Start(arguments);
            while (server.Requests.Count <= served)
            {
                Assert.False(run.HasEnded, "ended with work left");
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
            await run.KillAsync();
            int kept = Journal(folder).Length;
            Assert.True(kept >= server.Requests.Count - lost - Concurrency, $"{kept} kept of {server.Requests.Count} asked");
            lost = server.Requests.Count - kept; // under way when it was killed: the only ones that are asked again
        }
        Volatile.Write(ref served, int.MaxValue);
        using (CliProcess run = CliProcess.Start(arguments))
        {
            (int code, string output, string errors) = await run.EndAsync();
            Assert.True(code == 0, errors);
            Assert.Equal(Images, JsonNode.Parse(output)!["pairs"]!.GetValue<int>());
        }
        Assert.InRange(lost, 0, Kills * Concurrency);
        Assert.Equal(Calls + lost, server.Requests.Count);
        Assert.Equal(Calls, Journal(folder).Select(line => JsonNode.Parse(line)!["key"]!.GetValue<string>()).Distinct().Count());
        Assert.Equal(Images, PreferenceDataset.Open(folder.At("made")).ReadPairs().Count());
    }

    [Fact]
    public async Task ThePlanAsksNothingAndBadSettingsEndWith2()
    {
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        string[] arguments = Prepare(folder, server);
        Assert.Equal(0, await CliHost.RunAsync([.. arguments, "--plan"]));
        File.AppendAllText(folder.At("make.yaml"), "\nunknown: 1\n");
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync(arguments));
        Assert.Empty(server.Requests);
        Assert.False(Directory.Exists(folder.At("made")));
    }

    [Fact]
    public async Task WorkThatFailedEndsWith1AndATakenFolderWith2()
    {
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        string[] arguments = Prepare(folder, server);
        int refused = 0;
        server.Fault = async (http, _, _) => Interlocked.Increment(ref refused) == 1 && await FakeChatServer.ErrorAsync(http, 400, "not this one");
        Assert.Equal(CliHost.CheckFailed, await CliHost.RunAsync(arguments));
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync(arguments));
        Assert.Equal(0, await CliHost.RunAsync([.. arguments, "--overwrite"]));
        Assert.Equal(Images, PreferenceDataset.Open(folder.At("made")).ReadPairs().Count());
    }

    internal static string[] Prepare(TemporaryFolder folder, FakeChatServer server)
    {
        Directory.CreateDirectory(folder.At("images"));
        byte[][] images = [.. PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadRows().Select(row => row.Image!.Bytes!)
            .DistinctBy(Convert.ToHexString).Where(bytes => ImageHeader.Read(bytes)?.Format == "JPEG").Take(Images)];
        for (int i = 0; i < Images; i++) File.WriteAllBytes(folder.At("images", $"{i}.jpg"), images[i]);
        File.WriteAllText(folder.At("make.yaml"), $$"""
            endpoints:
              - { name: fake, address: "{{server.Address}}", concurrency: {{Concurrency}}, backoff: 1ms }
            models:
              - { name: asker, endpoint: fake }
              - { name: model-a, endpoint: fake }
              - { name: model-b, endpoint: fake }
              - { name: judge, endpoint: fake }
            questions: { model: asker, categories: [ false_information ], severities: [ 2 ] }
            answers: { models: [ model-a, model-b ] }
            judge: { model: judge }
            """);
        return ["data", "make", "--config", folder.At("make.yaml"), "--images", folder.At("images"), "--out", folder.At("made"), "--work", folder.At("work"),
            "--json"];
    }

    private static string[] Journal(TemporaryFolder folder)
    {
        string text = File.ReadAllText(folder.At("work", "journal.jsonl"));
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
