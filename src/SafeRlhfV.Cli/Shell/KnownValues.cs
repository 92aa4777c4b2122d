using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary>Options with a known set of values. A shell completes them; the verb itself says what is wrong with another one.</summary>
internal static class KnownValues
{
    /// <summary>Lets a shell complete these values.</summary>
    public static Option<T> Completes<T>(this Option<T> option, IEnumerable<string> values)
    {
        option.CompletionSources.Add([.. values]);
        return option;
    }
}
