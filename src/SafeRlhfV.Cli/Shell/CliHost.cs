using System.CommandLine;
using System.CommandLine.Parsing;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>Runs one command line: parse, invoke, and turn every outcome into an exit code and, where it failed, one line on stderr.</summary>
/// <remarks>0 done · 1 the check it was asked to make failed, or a service that it needs cannot be used · 2 bad usage or bad input · 70 a defect of ours · 130
/// cancelled.</remarks>
internal static class CliHost
{
    // 'serve' asks for itself, when it knows whether it serves a local model; 'doctor' reports what does not load
    private static readonly HashSet<string> WithoutModels = ["audit", "completion", "data", "doctor", "plan", "reference", "serve", "world"];
    private static readonly HashSet<string> WithoutTensors = ["audit", "completion", "data", "doctor", "reference", "world"];

    public const int CheckFailed = 1, BadInput = 2, Defect = 70, Cancelled = 130;

    public static Task<int> RunAsync(string[] arguments) => RunAsync(CommandTree.Create(), arguments);

    /// <summary>The same for a program with commands of its own.</summary>
    public static async Task<int> RunAsync(RootCommand commands, string[] arguments) => LaunchedRanks.End(await InvokeAsync(commands, arguments));

    private static async Task<int> InvokeAsync(RootCommand commands, string[] arguments)
    {
        LaunchedRanks.WritePlainly();
        RootCommand tree = VersionOutput.AddTo(commands);
        if (arguments.Length == 0)
        {
            foreach (string line in UsageErrors.Commands(tree)) Output.Line(line);
            return 0;
        }
        ParseResult parsed = tree.Parse(arguments);
        if (parsed.Errors.Count > 0) return Fail(BadInput, UsageErrors.Of(parsed));
        if (UsageErrors.OfEmptyPlace(parsed) is { } empty) return Fail(BadInput, empty);

        using StopSignals cancellation = new();

        HashSet<string> told = [];
        void Tell(string notice)
        {
            lock (told)
                if (LaunchedRanks.IsFirst && told.Add(notice)) Output.Note($"safe-rlhf-v: {notice}");
        }

        ModelCheckpoint.Noticed += Tell;
        try
        {
            if (Verb(parsed) is { } verb)
            {
                if (LaunchedRanks.Refuses(verb, out string? fault)) return fault is null ? BadInput : Fail(BadInput, fault);
                LoadTorch(verb);
            }
            InvocationConfiguration invocation = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(invocation, cancellation.Token);
        }
        catch (OperationCanceledException stopped) when (cancellation.Token.IsCancellationRequested || stopped is StoppedException)
        {
            return Fail(Cancelled, stopped is StoppedException ? stopped.Message : "cancelled.");
        }
        catch (InvalidInputException mistake)
        {
            return Fail(BadInput, mistake.Finding is { Row: not null }
                ? $"{mistake.Message} 'data validate --fix FOLDER' writes a copy without such rows."
                : mistake.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Fail(BadInput, error.Message);
        }
        catch (RunStoppedException alarm)
        {
            return Fail(CheckFailed, alarm.Message);
        }
        catch (Exception error) when (OfService(error) is { } failure)
        {
            return Fail(CheckFailed, failure.Message);
        }
        catch (Exception defect)
        {
            await Console.Error.WriteLineAsync(defect.ToString());
            return Fail(Defect, "this is a defect of safe-rlhf-v, not a mistake of yours; please report it with the lines above.");
        }
        finally
        {
            ModelCheckpoint.Noticed -= Tell;
        }
    }

    // the first word of the verb that runs; null where help or the version is shown
    private static string? Verb(ParseResult parsed)
    {
        CommandResult verb = parsed.CommandResult;
        if (verb.Parent is null || !ReferenceEquals(parsed.Action, verb.Command.Action)) return null;
        while (verb.Parent is CommandResult { Parent: not null } group) verb = group;
        return verb.Command.Name;
    }

    // the native libraries, and the changes to them, come before anything computes; where nothing will, they are not even loaded
    private static void LoadTorch(string verb)
    {
        bool models = !WithoutModels.Contains(verb);
        if (!models && (!TorchLibraries.IsNamed || WithoutTensors.Contains(verb))) return;
        if (TorchLibraries.Load() is { CudaFault: { } fault } torch)
            Output.Note($"safe-rlhf-v: CUDA does not start ({torch.Folder}: {fault}). Only the CPU can be used; 'safe-rlhf-v doctor' says what is missing.");
        if (models) NativeTuning.Apply();
    }

    // what a service answered, or that it did not; some clients gather the failures of all their attempts
    private static Exception? OfService(Exception error) => error switch
    {
        // a database that fails in the middle of its work is a service, too
        ServiceException or HttpRequestException or System.ClientModel.ClientResultException or System.Data.Common.DbException => error,
        AggregateException { InnerExceptions: [.., { } last] } => OfService(last),
        _ => null,
    };

    private static int Fail(int code, string message)
    {
        if (LaunchedRanks.Prefix(code) is { } prefix) Console.Error.WriteLine($"safe-rlhf-v: {prefix}{message.ReplaceLineEndings(" ")}");
        return code;
    }
}
