using System.Text.Json;

namespace SafeRlhfV.Cli.Tests;

/// <summary>Runs command lines in this process and keeps what they print. Tests that use it run alone, since a process has one console.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CapturedConsole
{
    public const string Name = "console";

    public static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
        StringWriter shown = new(), noted = new();
        try
        {
            Console.SetOut(shown);
            Console.SetError(noted);
            int code = await CliHost.RunAsync(arguments);
            return (code, shown.ToString(), noted.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }

    /// <summary>The one document that a verb with --json prints, and its exit code.</summary>
    public static async Task<(int Code, JsonElement Json)> JsonAsync(params string[] arguments)
    {
        (int code, string output, string errors) = await RunAsync([.. arguments, "--json"]);
        Assert.True(output.Length > 0, errors);
        return (code, JsonDocument.Parse(output).RootElement);
    }

    /// <summary>Bad input; see <see cref="CliRun.MustRefuse"/>.</summary>
    public static async Task RefusedAsync(string[] said, params string[] arguments)
    {
        (int code, string output, string errors) = await RunAsync(arguments);
        new CliRun(code, output, errors).MustRefuse(said);
    }
}
