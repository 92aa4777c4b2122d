using System.Text.Json.Nodes;
using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

public sealed class DataMakeVerbTests
{
    private const int Pictures = 6, Calls = Pictures * (1 + 2 + 2), Concurrency = 2;

    [Fact]
    public async Task Killed_again_and_again_it_loses_no_answer_and_asks_nothing_twice()
    {
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Delay = TimeSpan.FromMilliseconds(30);
        string[] arguments = Prepare(folder, server);
        int kills = 0, lost = 0;
        while (true)
        {
            int before = server.Requests.Count;
            using CliProcess run = CliProcess.Start(arguments);
            while (!run.HasEnded && server.Requests.Count < before + 7) await Task.Delay(5, TestContext.Current.CancellationToken);
            if (run.HasEnded || kills == 4)
            {
                (int code, string output, string errors) = await run.EndAsync();
                Assert.True(code == 0, errors);
                Assert.Equal(Pictures, JsonNode.Parse(output)!["pairs"]!.GetValue<int>());
                break;
            }
            await run.KillAsync();
            kills++;
            int kept = Journal(folder).Length;
            Assert.True(kept >= server.Requests.Count - lost - Concurrency, $"{kept} kept of {server.Requests.Count} asked");
            lost = server.Requests.Count - kept; // under way when it was killed: the only ones that are asked again
        }
        Assert.True(kills >= 3, $"{kills} kills");
        Assert.InRange(lost, 0, kills * Concurrency);
        Assert.Equal(Calls + lost, server.Requests.Count);
        Assert.Equal(Calls, Journal(folder).Select(line => JsonNode.Parse(line)!["key"]!.GetValue<string>()).Distinct().Count());
        Assert.Equal(Pictures, PreferenceDataset.Open(folder.At("made")).ReadPairs().Count());
    }

    [Fact]
    public async Task The_plan_asks_nothing_and_bad_settings_end_with_2()
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
    public async Task Work_that_failed_ends_with_1_and_a_taken_folder_with_2()
    {
        using TemporaryFolder folder = new();
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        string[] arguments = Prepare(folder, server);
        int refused = 0;
        server.Fault = async (http, _, _) => Interlocked.Increment(ref refused) == 1 && await FakeChatServer.ErrorAsync(http, 400, "not this one");
        Assert.Equal(CliHost.CheckFailed, await CliHost.RunAsync(arguments));
        Assert.Equal(CliHost.BadInput, await CliHost.RunAsync(arguments));
        Assert.Equal(0, await CliHost.RunAsync([.. arguments, "--overwrite"]));
        Assert.Equal(Pictures, PreferenceDataset.Open(folder.At("made")).ReadPairs().Count());
    }

    private static string[] Prepare(TemporaryFolder folder, FakeChatServer server)
    {
        Directory.CreateDirectory(folder.At("pictures"));
        byte[][] pictures = [.. PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadRows().Select(row => row.Image!.Bytes!).DistinctBy(Convert.ToHexString).Where(bytes => ImageHeader.Read(bytes)?.Format == "JPEG").Take(Pictures)];
        for (int i = 0; i < Pictures; i++) File.WriteAllBytes(folder.At("pictures", $"{i}.jpg"), pictures[i]);
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
        return ["data", "make", "--config", folder.At("make.yaml"), "--images", folder.At("pictures"), "--out", folder.At("made"), "--work", folder.At("work"), "--json"];
    }

    private static string[] Journal(TemporaryFolder folder)
    {
        string text = File.ReadAllText(folder.At("work", "journal.jsonl"));
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
