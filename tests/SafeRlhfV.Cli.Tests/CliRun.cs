using System.Diagnostics;
using System.Text.Json;

namespace SafeRlhfV.Cli.Tests;

/// <summary>One run of the command line as a process of its own: exit code and both streams.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Errors)
{
    /// <summary>The document that --json printed.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static async Task<CliRun> Of(params string[] arguments)
    {
        string dotnet = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        ProcessStartInfo start = new(dotnet) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "safe-rlhf-v.dll"))) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>Bad input ends with 2, one line on stderr that names what is wrong, and nothing on stdout.</summary>
    public static async Task Refused(string named, params string[] arguments)
    {
        CliRun run = await Of(arguments);
        Assert.Equal(CliHost.BadInput, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(named, Assert.Single(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }
}
