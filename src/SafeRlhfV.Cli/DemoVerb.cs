using System.CommandLine;

namespace SafeRlhfV.Cli;

internal static class DemoVerb
{
    public static Command Create()
    {
        Command command = new("demo", "Train, compare and guard in the built-in world, then write a report. Example: safe-rlhf-v demo --out runs/demo");
        command.SetAction((parsed, cancel) => Task.FromException<int>(new Data.InvalidInputException("demo is being laid.")));
        return command;
    }
}
