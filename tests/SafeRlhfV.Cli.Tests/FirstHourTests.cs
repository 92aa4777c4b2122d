using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>The commands of docs/first-hour.md, run in a shell as a newcomer runs them.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class FirstHourTests
{
    [Fact]
    public async Task EveryCommandOfThePageRuns()
    {
        string root = Golden.RepositoryRoot(),
            page = await File.ReadAllTextAsync(Path.Combine(root, "docs", "first-hour.md"), TestContext.Current.CancellationToken);
        string[] blocks = [.. Block().Matches(page).Select(match => match.Groups["commands"].Value)];
        Assert.True(blocks.Length >= 5, "the page has lost its commands");
        Assert.Equal(Fence().Count(page), 2 * blocks.Length); // no block that is not run
        using TemporaryFolder clone = new();
        foreach (string folder in (string[])["recipes", "tests"]) Directory.CreateSymbolicLink(clone.At(folder), Path.Combine(root, folder));
        await File.WriteAllTextAsync(clone.At("safe-rlhf-v"), $"#!/usr/bin/env bash\nexec dotnet '{typeof(CliHost).Assembly.Location}' \"$@\"\n",
            TestContext.Current.CancellationToken);
        File.SetUnixFileMode(clone.At("safe-rlhf-v"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(clone.At("first-hour.sh"), "set -eux\n" + string.Join("\n", blocks), TestContext.Current.CancellationToken);
        using Process shell = Process.Start(new ProcessStartInfo("bash", [clone.At("first-hour.sh")])
        {
            WorkingDirectory = clone.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        })!;
        Task<string> output = shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, $"exit code {shell.ExitCode}\n{await output}\n{await errors}");
        foreach (string file in (string[])["rows.html", "ppo.jsonl", "runs/ppo/result/config.json", "runs/guard/run.html",
            "runs/rehearsal/reward-one-gpu/finished.json"]) Assert.True(File.Exists(clone.At(file)), file);
    }

    [GeneratedRegex("^```sh\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^```", RegexOptions.Multiline)]
    private static partial Regex Fence();
}
