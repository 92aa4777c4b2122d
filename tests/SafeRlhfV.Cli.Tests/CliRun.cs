using System.Diagnostics;
using System.Text.Json;

namespace SafeRlhfV.Cli.Tests;

/// <summary>One run of the command line: exit code and both streams.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Errors)
{
    /// <summary>The document that --json printed.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Runs a process of its own.</summary>
    public static Task<CliRun> Of(params string[] arguments) => With([], arguments);

    /// <summary>The same, with a variable in its environment.</summary>
    public static Task<CliRun> With(string variable, string? value, params string[] arguments) => With([(variable, value)], arguments);

    /// <summary>The same, with some variables; null leaves one out.</summary>
    public static Task<CliRun> With((string Variable, string? Value)[] environment, params string[] arguments) =>
        OfProgram(Path.Combine(AppContext.BaseDirectory, "safe-rlhf-v.dll"), environment, arguments);

    /// <summary>The same for another program.</summary>
    public static async Task<CliRun> OfProgram(string program, (string Variable, string? Value)[] environment, params string[] arguments)
    {
        string dotnet = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        ProcessStartInfo start = new(dotnet) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments.Prepend(program)) start.ArgumentList.Add(argument);
        foreach ((string variable, string? value) in environment) start.Environment[variable] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>The same, for bad input.</summary>
    public static async Task Refused(string named, params string[] arguments) => (await Of(arguments)).MustRefuse(named);

    /// <summary>Bad input ends with 2, one line on stderr that says all of this, and nothing on stdout.</summary>
    public void MustRefuse(params string[] said)
    {
        string line = Assert.Single(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(said, words => Assert.Contains(words, line));
        Assert.Equal(CliHost.BadInput, ExitCode);
        Assert.Empty(Output);
        Assert.StartsWith("safe-rlhf-v: ", line);
        Assert.DoesNotContain('\t', line);
    }
}
