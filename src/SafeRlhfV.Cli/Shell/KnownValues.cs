using System.CommandLine;
using System.CommandLine.Completions;

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

    /// <summary>Lets a shell complete each of several of these values, with commas between them.</summary>
    public static Option<T> CompletesEach<T>(this Option<T> option, IEnumerable<string> values)
    {
        option.CompletionSources.Add(context =>
        {
            string before = context.WordToComplete[..(context.WordToComplete.LastIndexOf(',') + 1)];
            return values.Except(before.Split(',')).Select(value => new CompletionItem(before + value));
        });
        return option;
    }
}
