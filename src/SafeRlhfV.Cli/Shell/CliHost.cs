using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using SafeRlhfV.Data;

namespace SafeRlhfV.Cli;

/// <summary>Runs one command line: parse, invoke, and turn every outcome into an exit code and, where it failed, one line on stderr.</summary>
/// <remarks>0 done · 1 the check it was asked to make failed · 2 bad usage or bad input · 70 a defect of ours · 130 cancelled.</remarks>
internal static class CliHost
{
    public const int CheckFailed = 1, BadInput = 2, Defect = 70, Cancelled = 130;

    public static async Task<int> RunAsync(string[] arguments)
    {
        ParseResult parsed = CommandTree.Create().Parse(arguments);
        if (parsed.Errors.Count > 0) return Fail(BadInput, $"{Usage(parsed.Errors[0])} See 'safe-rlhf-v {VerbOf(parsed)}--help'.");

        using CancellationTokenSource cancellation = new();
        using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        void Cancel(PosixSignalContext context)
        {
            context.Cancel = true;
            cancellation.Cancel();
        }

        try
        {
            InvocationConfiguration invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(invocation, cancellation.Token);
        }
        catch (OperationCanceledException stopped) when (cancellation.IsCancellationRequested)
        {
            return Fail(Cancelled, stopped is StoppedException ? stopped.Message : "cancelled.");
        }
        catch (InvalidInputException mistake)
        {
            return Fail(BadInput, mistake.Finding is { Row: not null } ? $"{mistake.Message} 'data validate --fix FOLDER' writes a copy without such rows." : mistake.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or HttpRequestException or System.ClientModel.ClientResultException)
        {
            return Fail(BadInput, error.Message);
        }
        catch (Exception defect)
        {
            await Console.Error.WriteLineAsync(defect.ToString());
            return Fail(Defect, "this is a defect of safe-rlhf-v, not a mistake of yours; please report it with the lines above.");
        }
    }

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine($"safe-rlhf-v: {message.ReplaceLineEndings(" ")}");
        return code;
    }

    /// <summary>The parser's words on one line, with the option that they are about.</summary>
    private static string Usage(ParseError error)
    {
        string message = string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return error.SymbolResult is OptionResult { Option.Name: { } name } && !message.Contains(name, StringComparison.Ordinal) ? $"{name}: {message}" : message;
    }

    private static string VerbOf(ParseResult parsed)
    {
        List<string> names = [];
        for (var command = parsed.CommandResult; command.Parent is not null; command = (CommandResult)command.Parent) names.Insert(0, command.Command.Name + " ");
        return string.Concat(names);
    }
}
