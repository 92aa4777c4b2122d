using System.Diagnostics;
using System.Text;

namespace SafeRlhfV.Cli.Tests;

/// <summary>The command line as a process of its own, which can be killed.</summary>
internal sealed class CliProcess : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder said = new();
    private readonly Task<string> output, errors;

    private CliProcess(Process process) =>
        (this.process, output, errors) = (process, process.StandardOutput.ReadToEndAsync(), ReadAsync(process.StandardError));

    public static CliProcess Start(params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo("dotnet", [typeof(CliHost).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);

    public bool HasEnded => process.HasExited;

    /// <summary>Memory that it holds, in bytes; 0 once it has ended.</summary>
    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.HasExited ? 0 : process.WorkingSet64;
        }
    }

    /// <summary>Ends it as kill -9 does.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop, as Ctrl-C or a scheduler does (SIGTERM; a test runner in the background may have SIGINT ignored).</summary>
    public void Interrupt() => Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();

    /// <summary>Waits until it has said something on stderr, or has ended.</summary>
    public async Task UntilSaidAsync(string text, CancellationToken cancellationToken)
    {
        while (!HasEnded && !Said().Contains(text, StringComparison.Ordinal)) await Task.Delay(50, cancellationToken);
    }

    private async Task<string> ReadAsync(StreamReader stream)
    {
        char[] part = new char[4096];
        while (await stream.ReadAsync(part) is > 0 and int count)
            lock (said) said.Append(part, 0, count);
        return Said();
    }

    private string Said()
    {
        lock (said) return said.ToString();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<(int Code, string Output, string Errors)> EndAsync()
    {
        using CancellationTokenSource late = new(TimeSpan.FromMinutes(10));
        await process.WaitForExitAsync(late.Token);
        return (process.ExitCode, await output, await errors);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
