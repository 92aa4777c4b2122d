using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary><c>completion SHELL</c>: the script that makes a shell complete this command line. The words come from <c>[suggest]</c>: those of this
/// program.</summary>
internal static class CompletionVerb
{
    private static readonly (string Shell, string File)[] Scripts =
        [("bash", "safe-rlhf-v.bash"), ("zsh", "safe-rlhf-v.zsh"), ("fish", "safe-rlhf-v.fish"), ("powershell", "safe-rlhf-v.ps1")];

    public static Command Create()
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh, fish or powershell." };
        shell.AcceptOnlyFromAmong([.. Scripts.Select(script => script.Shell)]);
        Command command = new("completion", "Print the script that completes this command line in a shell. Example: eval \"$(safe-rlhf-v completion bash)\"")
        {
            shell,
        };
        command.SetAction((parsed, _) =>
        {
            string file = Scripts.Single(script => script.Shell == parsed.GetValue(shell)).File;
            using StreamReader script = new(typeof(CompletionVerb).Assembly.GetManifestResourceStream($"SafeRlhfV.Cli.{file}")!);
            Output.Line(script.ReadToEnd().TrimEnd());
            return Task.FromResult(0);
        });
        return command;
    }
}
