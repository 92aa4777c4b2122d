using System.Diagnostics;
using System.Text;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>
/// A gateway in a process of its own, as <c>safe-rlhf-v serve</c> runs it; it can be killed, told to end, and started again at the same address.
/// </summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly string _config;
    private readonly StringBuilder _told = new();
    private Process? _process;

    public GatewayProcess(string config, string address) => (_config, Address) = (config, address);

    public string Address { get; }

    /// <summary>The program; the test project does not build it.</summary>
    public static string Program { get; } =
        Path.Combine(Golden.RepositoryRoot(), "artifacts", "bin", "SafeRlhfV.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "safe-rlhf-v.dll");

    /// <summary>Starts it and waits until it serves.</summary>
    public async Task StartAsync()
    {
        TaskCompletionSource serves = new();
        _process = new() { StartInfo = new("dotnet", [Program, "serve", "--config", _config]) { RedirectStandardError = true, RedirectStandardOutput = true } };
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => serves.TrySetException(new InvalidOperationException($"The gateway has ended: {_told}"));
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_told) _told.AppendLine(line.Data);
            if (line.Data?.StartsWith("serving on ", StringComparison.Ordinal) == true) serves.TrySetResult();
        };
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        await serves.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Kills it where it stands.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Tells it to end (SIGTERM) and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process!.Id.ToString()]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }
}
