using System.Reflection;

namespace SafeRlhfV.Registry.Tests;

/// <summary>
/// The program's own entry point, called in this process, so that it has this project's entries. Tests that use it run alone, since a process has one console.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CommandLine
{
    public const string Name = "command line";

    private static readonly MethodInfo Main = Assembly.Load("safe-rlhf-v").EntryPoint!;

    /// <summary>Runs a command line that must end with 0.</summary>
    public static string Run(params string[] arguments)
    {
        (int code, string output, string errors) = Try(arguments);
        Assert.True(code == 0, errors);
        return output;
    }

    /// <summary>Runs a command line.</summary>
    public static (int Code, string Output, string Errors) Try(params string[] arguments)
    {
        (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
        using StringWriter shown = new(), noted = new();
        try
        {
            Console.SetOut(shown);
            Console.SetError(noted);
            return ((int)Main.Invoke(null, [arguments])!, shown.ToString(), noted.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }
}
