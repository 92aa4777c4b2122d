using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>--version</c>; with <c>--verbose</c> also what the program changed in the native libraries of its process.</summary>
internal sealed class VersionOutput(Option<bool> verbose) : SynchronousCommandLineAction
{
    /// <summary>The program's version.</summary>
    public static string Version => typeof(VersionOutput).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <summary>Puts it in the place of the parser's own version.</summary>
    public static RootCommand AddTo(RootCommand root)
    {
        Option<bool> verbose = new("--verbose")
        {
            Description = $"With --version: also what was changed in the native libraries ({NativeTuning.Variable}=off changes nothing)."
        };
        VersionOption version = root.Options.OfType<VersionOption>().Single();
        version.Validators.Clear(); // it would allow no option beside it
        version.Action = new VersionOutput(verbose);
        root.Options.Add(verbose);
        return root;
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parsed)
    {
        Output.Line(Version);
        if (!parsed.GetValue(verbose)) return 0;
        _ = TorchLibraries.Load();
        foreach (NativeChange change in NativeTuning.Apply()) Output.Line($"{change.Name}: {change.Words}");
        return 0;
    }
}
