using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>The commands of the pages that a newcomer begins with, run in a shell as they stand.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class FirstHourTests
{
    [Fact]
    public async Task EveryCommandOfThePageRuns()
    {
        using TemporaryFolder clone = new();
        await RunAsync("first-hour.md", clone, leastBlocks: 6, runsAll: true);
        foreach (string file in (string[])["rows.html", "ppo.jsonl", "runs/ppo/result/config.json", "runs/guard/run.html", "runs/aligned/report/index.html",
            "runs/rehearsal/reward-one-gpu/finished.json"]) Assert.True(File.Exists(clone.At(file)), file);
    }

    [Fact]
    public async Task TheShortestRecipeRuns()
    {
        using TemporaryFolder clone = new();
        await RunAsync("training.md", clone, leastBlocks: 1, runsAll: false);
        Assert.True(File.Exists(clone.At("runs/first/finished.json")));
    }

    [Fact]
    public async Task TheGatewayAnswersWithoutAModelServer()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/curl"), "there is no curl on this machine");
        using TemporaryFolder clone = new();
        await RunAsync("guard.md", clone, leastBlocks: 1, runsAll: false);
        string answers = await File.ReadAllTextAsync(clone.At("answers.json"), TestContext.Current.CancellationToken);
        Assert.Equal(2, answers.Split("\"finish_reason\":").Length - 1);
        Assert.Contains("\"content_filter\"", answers);
    }

    private static async Task RunAsync(string name, TemporaryFolder clone, int leastBlocks, bool runsAll)
    {
        string root = Golden.RepositoryRoot(), page = await File.ReadAllTextAsync(Path.Combine(root, "docs", name), TestContext.Current.CancellationToken);
        string[] blocks = [.. Block().Matches(page).Select(match => match.Groups["commands"].Value)];
        Assert.True(blocks.Length >= leastBlocks, "the page has lost its commands");
        if (runsAll) Assert.Equal(Fence().Count(page), 2 * blocks.Length); // no block that is not run
        foreach (string folder in (string[])["recipes", "tests"]) Directory.CreateSymbolicLink(clone.At(folder), Path.Combine(root, folder));
        await File.WriteAllTextAsync(clone.At("safe-rlhf-v"), $"#!/usr/bin/env bash\nexec dotnet '{typeof(CliHost).Assembly.Location}' \"$@\"\n",
            TestContext.Current.CancellationToken);
        File.SetUnixFileMode(clone.At("safe-rlhf-v"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(clone.At("commands.sh"), "set -eux\n" + string.Join("\n", blocks), TestContext.Current.CancellationToken);
        using Process shell = Process.Start(new ProcessStartInfo("bash", [clone.At("commands.sh")])
        {
            WorkingDirectory = clone.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        })!;
        Task<string> output = shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, $"exit code {shell.ExitCode}\n{await output}\n{await errors}");
    }

    [GeneratedRegex("^```sh\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^```", RegexOptions.Multiline)]
    private static partial Regex Fence();
}
