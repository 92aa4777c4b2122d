using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

public sealed class DataAnnotateVerbTests
{
    [Fact]
    public async Task KilledAfterAnyChoiceItHasKeptThatChoice()
    {
        using TemporaryFolder folder = new();
        (string, string)[] choices = [("safer", "1"), ("more_helpful", "2"), ("harmless_1", "2"), ("harmless_2", "-2"), ("severity", "3")];
        string? item = null;
        for (int i = 0; i <= choices.Length; i += 2)
        {
            using Process page = Start(folder);
            using HttpClient http = new() { BaseAddress = new((await page.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!) };
            JsonObject state = (await http.GetFromJsonAsync<JsonObject>("state?annotator=ann&role=annotate", TestContext.Current.CancellationToken))!;
            item ??= state["item"]!["id"]!.GetValue<string>();
            Assert.Equal(item, state["item"]!["id"]!.GetValue<string>());
            Assert.Equal(choices[..Math.Min(i, choices.Length)].ToDictionary(),
                state["item"]!["choices"]!.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>()));
            foreach ((string field, string value) in choices.Skip(i).Take(2))
                (await http.PostAsJsonAsync("choose", new { annotator = "ann", role = "annotate", item, field, value },
                    TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
            page.Kill(); // as kill -9 does, right after the answer
            await page.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.Equal(choices.Length, File.ReadAllLines(folder.At("work", "annotations.journal.jsonl")).Length);
        // nothing is settled
        Assert.Equal(CliHost.BadInput,
            await CliHost.RunAsync(["data", "annotate", Golden.At("beavertails-v", "paired"), "--work", folder.At("work"), "--export", folder.At("out")]));
        Assert.False(Directory.Exists(folder.At("out")));
        Assert.Equal(0, await CliHost.RunAsync(["data", "annotate", Golden.At("beavertails-v", "paired"), "--work", folder.At("work"), "--status"]));
    }

    private static Process Start(TemporaryFolder folder) => Process.Start(new ProcessStartInfo("dotnet",
        [typeof(CliHost).Assembly.Location, "data", "annotate", Golden.At("beavertails-v", "paired"), "--work", folder.At("work")])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
