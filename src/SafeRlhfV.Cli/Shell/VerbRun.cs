using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary>Runs a command line of this program within another one: what it prints on stdout is kept, notes and progress go to stderr as ever.</summary>
internal static class VerbRun
{
    /// <summary>Runs it.</summary>
    /// <param name="words">The command line, without the program's name.</param>
    /// <param name="cancellationToken">Stops it as Ctrl-C does.</param>
    /// <returns>The exit code, and what it printed.</returns>
    /// <exception cref="InvalidInputException">The command line is wrong, or the verb refuses its input.</exception>
    public static async Task<(int Code, string Printed)> RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        ParseResult parsed = CommandTree.Create().Parse(words);
        if (parsed.Errors.Count > 0) throw new InvalidInputException(UsageErrors.Of(parsed));
        using StringWriter printed = new();
        Output.Capture = printed;
        try
        {
            InvocationConfiguration invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return (await parsed.InvokeAsync(invocation, cancellationToken), printed.ToString());
        }
        finally
        {
            Output.Capture = null;
        }
    }
}
