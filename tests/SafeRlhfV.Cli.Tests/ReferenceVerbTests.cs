using System.CommandLine;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

public sealed class ReferenceVerbTests
{
    [Fact]
    public async Task TheReferenceHasEveryCommandAndOption()
    {
        string[] lines = (await CliRun.Of("reference", "verbs")).Output.Split('\n');
        foreach ((string path, Command command) in All(CommandTree.Create(), "safe-rlhf-v"))
        {
            int start = Array.IndexOf(lines, $"## {path}");
            Assert.True(start > 0, path);
            string[] chapter = [.. lines.Skip(start + 1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))];
            Assert.All(command.Options.Where(option => option.Name != "--help"), option =>
                Assert.Contains(chapter, line => line.StartsWith($"| `{option.Name}`", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task TheReferenceHasEveryKeyWithItsMeaning()
    {
        string[] lines = (await CliRun.Of("reference", "recipes")).Output.Split('\n');
        foreach (TrainerDefinition trainer in Trainers.All) Assert.Contains($"## {trainer.Name}", lines);
        string[] rows = [.. lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        Assert.Equal(Trainers.All.Sum(trainer => RecipeKeys.Of(trainer).Count), rows.Length);
        Assert.DoesNotContain(rows, row => row.EndsWith("|  |", StringComparison.Ordinal));
    }

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path) =>
        command.Subcommands.SelectMany(sub => All(sub, $"{path} {sub.Name}").Prepend(($"{path} {sub.Name}", sub)));
}
