using System.Diagnostics;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Annotation.Tests;

public sealed class AnnotationPageTests
{
    private static readonly string Browser = Path.Combine(Golden.RepositoryRoot(), "tests", "browser");

    [Fact]
    public async Task The_page_works_by_keyboard_alone_in_a_browser()
    {
        MustBeThere();
        await using AnnotationCase one = await AnnotationCase.StartAsync(3, new() { ShowMachine = true });
        (int code, string line) = await CheckAsync(one.Server.Address);
        Assert.True(code == 0, line);
        // two by ann, one of them disputed by bob and settled by cy: the journal holds it all
        JsonObject figures = await one.GetAsync("agreement");
        Assert.Equal((1, 1, 0), (figures["settled"]!.GetValue<int>(), figures["adjudicated"]!.GetValue<int>(), figures["disputed"]!.GetValue<int>()));
    }

    private static void MustBeThere()
    {
        string? missing = !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "node"))) ? "node is not installed"
            : !File.Exists(Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium") ? "Chromium is not installed (apt-get install chromium, or name one in CHROMIUM)"
            : !Directory.Exists(Path.Combine(Browser, "node_modules", "playwright-core")) ? "playwright-core is not installed (npm install --no-package-lock in tests/browser)"
            : null;
        if (missing is null) return;
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail($"The browser checks must run in CI, but {missing}.");
        Assert.Skip($"Browser check skipped: {missing}.");
    }

    private static async Task<(int Code, string Line)> CheckAsync(string address)
    {
        using Process node = Process.Start(new ProcessStartInfo("node", [Path.Combine(Browser, "check-annotate.mjs"), address]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = node.StandardOutput.ReadToEndAsync(), errors = node.StandardError.ReadToEndAsync();
        using CancellationTokenSource late = new(TimeSpan.FromMinutes(3));
        await node.WaitForExitAsync(late.Token);
        return (node.ExitCode, (await output + await errors).Trim());
    }
}
