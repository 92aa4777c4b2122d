using System.Diagnostics;

namespace SafeRlhfV.Cli.Tests;

/// <summary>Several processes of the command line under a launcher. A test is skipped where the launcher is not installed.</summary>
internal sealed class Mpirun : IDisposable
{
    private readonly Process process;
    private readonly Task<string> output, errors;

    private Mpirun(Process process) =>
        (this.process, output, errors) = (process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

    public bool HasEnded => process.HasExited;

    /// <summary>Starts them.</summary>
    /// <param name="launcher">openmpi or mpich.</param>
    /// <param name="ranks">How many processes.</param>
    /// <param name="arguments">Arguments of the command line.</param>
    /// <param name="variables">Environment variables beside those of this process.</param>
    public static Mpirun Start(string launcher, int ranks, string[] arguments, params (string Name, string Value)[] variables)
    {
        string program = $"/usr/bin/mpirun.{launcher}";
        Assert.SkipUnless(File.Exists(program), $"{program} is not installed");
        string[] own = launcher == "openmpi" ? ["--oversubscribe", "--mca", "mpi_yield_when_idle", "1"] : [];
        ProcessStartInfo start = new(program, [.. own, "-n", $"{ranks}", "dotnet", typeof(CliHost).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OMPI_ALLOW_RUN_AS_ROOT"] = "1", ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1", ["OMP_NUM_THREADS"] = "1" },
        };
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        return new Mpirun(Process.Start(start)!);
    }

    /// <summary>Waits for something that the processes do; not longer than they live.</summary>
    public async Task UntilAsync(Func<bool> isSo)
    {
        for (Stopwatch clock = Stopwatch.StartNew(); !isSo() && !HasEnded; await Task.Delay(10, TestContext.Current.CancellationToken))
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "two minutes have passed");
    }

    /// <summary>Sends a signal to the launcher.</summary>
    public void Signal(string name) => Process.Start("kill", [$"-{name}", $"{process.Id}"]).WaitForExit();

    /// <summary>Sends a signal to one of the processes.</summary>
    public void SignalRank(int rank, string name)
    {
        string[] found = [.. Directory.EnumerateDirectories("/proc")
            .Where(path => int.TryParse(Path.GetFileName(path), out _) && IsRank(path, rank)).Select(Path.GetFileName)!];
        Process.Start("kill", [$"-{name}", Assert.Single(found)]).WaitForExit();
    }

    /// <summary>Waits for their end.</summary>
    public async Task<(int Code, string Output, string Errors)> EndAsync()
    {
        using CancellationTokenSource late = new(TimeSpan.FromMinutes(5));
        await process.WaitForExitAsync(late.Token);
        return (process.ExitCode, await output, await errors);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private bool IsRank(string path, int rank)
    {
        try
        {
            if (!File.ReadAllText(Path.Combine(path, "stat")).Split(") ")[1].Split(' ')[1].Equals($"{process.Id}", StringComparison.Ordinal)) return false;
            return File.ReadAllText(Path.Combine(path, "environ")).Split('\0').Any(one => one == $"OMPI_COMM_WORLD_RANK={rank}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended meanwhile
        }
    }
}
