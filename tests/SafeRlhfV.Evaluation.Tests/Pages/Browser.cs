using System.Diagnostics;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Runs the checks of tests/browser in headless Chromium.</summary>
internal static class Browser
{
    private static readonly string Folder = Path.Combine(Golden.RepositoryRoot(), "tests", "browser");

    /// <summary>Skips the test where a tool is missing, with the reason; fails it instead where CI is true.</summary>
    public static void MustBeThere()
    {
        string? missing = !OnPath("node") ? "node is not installed"
            : !File.Exists(Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium")
            ? "Chromium is not installed (apt-get install chromium, or name one in CHROMIUM)"
            : !Directory.Exists(Path.Combine(Folder, "node_modules", "playwright-core"))
            ? "playwright-core is not installed (npm install --no-package-lock in tests/browser)"
            : null;
        if (missing is null) return;
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail($"The browser checks must run in CI, but {missing}.");
        Assert.Skip($"Browser check skipped: {missing}.");
    }

    /// <summary>The checks of the demo's report.</summary>
    public static Task<(int Code, string Line)> CheckReport(string report) => RunAsync("check-report.mjs", report);

    /// <summary>Exit code and the one line of what was seen.</summary>
    public static async Task<(int Code, string Line)> RunAsync(string script, params string[] arguments)
    {
        ProcessStartInfo start = new("node", [Path.Combine(Folder, script), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process node = Process.Start(start)!;
        Task<string> output = node.StandardOutput.ReadToEndAsync(), errors = node.StandardError.ReadToEndAsync();
        using CancellationTokenSource late = new(TimeSpan.FromMinutes(6));
        await node.WaitForExitAsync(late.Token);
        return (node.ExitCode, (await output + await errors).Trim());
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
}
