using System.Diagnostics;
using System.Text;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>
/// A gateway in a process of its own, as <c>safe-rlhf-v serve</c> runs it; it can be killed, told to end, and started again at the same address.
/// </summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly string config;
    private readonly StringBuilder told = new();
    private Process? process;

    public GatewayProcess(string config, string address) => (this.config, Address) = (config, address);

    public string Address { get; }

    /// <summary>The program; the test project does not build it.</summary>
    public static string Program { get; } =
        Path.Combine(Golden.RepositoryRoot(), "artifacts", "bin", "SafeRlhfV.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "safe-rlhf-v.dll");

    /// <summary>Starts it and waits until it serves.</summary>
    public async Task StartAsync()
    {
        TaskCompletionSource serves = new();
        process = new() { StartInfo = new("dotnet", [Program, "serve", "--config", config]) { RedirectStandardError = true, RedirectStandardOutput = true } };
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => serves.TrySetException(new InvalidOperationException($"The gateway has ended: {told}"));
        process.ErrorDataReceived += (_, line) =>
        {
            lock (told) told.AppendLine(line.Data);
            if (line.Data?.StartsWith("serving on ", StringComparison.Ordinal) == true) serves.TrySetResult();
        };
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await serves.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Kills it where it stands.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Tells it to end (SIGTERM) and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", process!.Id.ToString()]);
        await kill.WaitForExitAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is null) return;
        if (!process.HasExited) await KillAsync();
        process.Dispose();
    }
}
