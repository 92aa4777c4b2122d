using System.CommandLine;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class UsageTests
{
    [Theory]
    [InlineData("unknown command 'trian'; did you mean 'train'?", "trian")]
    [InlineData("unknown command 'trian'; did you mean 'train'?", "trian", "sft", "--model", "x")]
    [InlineData("unknown command 'train rewrad'; did you mean 'train reward'?", "train", "rewrad")]
    [InlineData("unknown command 'data splt'; did you mean 'data split'?", "data", "splt", "data/mine")]
    [InlineData("unknown command 'split'; did you mean 'data split'?", "split", "data/mine")]
    [InlineData("unknown command 'zzzzzzzz'.", "zzzzzzzz")]
    [InlineData("unknown command 'bench'; did you mean 'eval bench'?", "bench", "--only", "train-step")] // the launcher has it, the product does not
    [InlineData("unknown option '--modle'; did you mean '--model'?", "generate", "--modle", "x", "--prompt", "y")]
    [InlineData("unknown option '--sed'; did you mean '--seed'?", "world", "generate", "--out", "x", "--sed", "3")]
    [InlineData("unknown option '--what-is-this'.", "data", "stats", "data/mine", "--what-is-this")]
    [InlineData("'audit' needs a command: verify, export, key, checkpoint, prove, forget, hold, retain.", "audit")]
    [InlineData("unknown option '--data'.", "guard", "evaluate", "--guard", "x", "--data", "data/mine")]
    [InlineData("safe-rlhf-v: safe-rlhf-v needs a command: demo,", "--verbose")]
    [InlineData("--out is empty; name a folder or a file.", "align", "--model", "x", "--data", "y", "--out", "")]
    [InlineData("is empty; name a folder or a file.", "eval", "compare", "", "b", "--out", "x")]
    [InlineData("unexpected argument 'more' of 'data stats'", "data", "stats", "data/mine", "more")]
    [InlineData("unexpected argument 'pairs.jsonl' of 'plan'; --data takes no value.", "plan", "--config", "x", "--data", "pairs.jsonl")]
    [InlineData("<SHELL> 'tcsh': give one of bash, zsh, fish, powershell.", "completion", "tcsh")]
    [InlineData("<WHAT> 'verbz': give one of verbs, recipes.", "reference", "verbz")]
    [InlineData("--multiplier 'lag': give one of log, projected, pid, fixed.", "demo", "--multiplier", "lag")]
    public async Task UnknownWordsAreOneLineThatSaysWhatWasMeant(string said, params string[] arguments) =>
        await CapturedConsole.RefusedAsync([said, "--help"], arguments);

    // without a recipe there is no line to name, but an option to give
    [Theory]
    [InlineData("train sft has 1 fault: data.folder: is missing: the data set (--data).", "train", "sft", "--model", "x", "--out", "y")]
    [InlineData("train ppo has 3 faults: model.cost: is missing: the cost model (--cost); model.lora: ", "train", "ppo", "--model", "x", "--reward", "x",
        "--data", "x", "--out", "y")]
    [InlineData("--set has 1 fault: training.max_step: unknown key; ", "train", "sft", "--model", "x", "--data", "x", "--out", "y", "--set",
        "training.max_step=3")]
    [InlineData("safe-rlhf-v: --set has 1 fault: training.epochs: 'abc' must be a number", "plan", "--config", "recipes/world/reward.yaml", "--set",
        "training.epochs=abc")]
    [InlineData("safe-rlhf-v: train sft has 1 fault: data.folder: is missing: the data set (--data).", "train", "sft", "--model", "x", "--out", "y", "--set",
        "data.split=train")]
    [InlineData("safe-rlhf-v: --set has 1 fault: data.splt: unknown key; ", "train", "sft", "--model", "x", "--data", "x", "--out", "y", "--set",
        "data.splt=train")]
    [InlineData("nope.yaml: no such file; the folder recipes", "train", "sft", "--config", "nope.yaml", "--out", "y")]
    [InlineData("nope.yaml: no such file; give the path of a gateway file", "serve", "--config", "nope.yaml")]
    [InlineData("config.json: no such file; give the folder of a checkpoint, of an adapter or of a training run.", "generate", "--model", ".", "--prompt", "x")]
    [InlineData("models/none: no such folder; give a checkpoint's folder, or a training run's.", "generate", "--model", "models/none", "--prompt", "x")]
    [InlineData("models/none: no such folder; give a checkpoint's folder, or a training run's.", "model", "info", "models/none")]
    public async Task WhatIsMissingIsNamedWithWhatToGive(string said, params string[] arguments) =>
        await CapturedConsole.RefusedAsync([said], InRepository(arguments));

    [Theory]
    [InlineData("sft.yaml has 1 fault: line 6: model.folder: ${model} has no value; give --model.", "train", "sft", "--config", "recipes/paper/sft.yaml",
        "--name", "mine")]
    [InlineData("ppo.yaml has 3 faults: line 5: model.reward: ${name} has no value; give --name; ", "plan", "--config", "recipes/one-gpu/ppo.yaml", "--model",
        "x")]
    [InlineData("sft.yaml: --name is given, but the recipe has no ${name}; leave it out.", "train", "sft", "--config", "recipes/world/sft.yaml", "--name",
        "mine")]
    [InlineData("--name is given, but the recipe has no ${name}", "ablate", "--config", "recipes/ablations/ptx.yaml", "--out", "x", "--name", "mine")]
    [InlineData("--name is the ${name} of a recipe; give --config", "train", "sft", "--model", "x", "--data", "y", "--name", "mine")]
    [InlineData("--seed '9223372036854775808': give a whole number from -9223372036854775808 to 9223372036854775807.", "generate", "--model", "x",
        "--prompt", "hi", "--seed", "9223372036854775808")]
    [InlineData("--set model.folder=a: --model gives model.folder, too; leave one of them out.", "train", "sft", "--model", "x", "--data", "y", "--out", "z",
        "--set", "model.folder=a")]
    [InlineData("--set model={folder: a}: --model gives model.folder, too", "train", "sft", "--config", "recipes/world/sft.yaml", "--model", "x", "--set",
        "model={folder: a}")]
    [InlineData("--set run.folder=a: --out gives run.folder, too", "train", "sft", "--model", "x", "--data", "y", "--out", "z", "--set", "run.folder=a")]
    [InlineData("--set model.folder=a: --model gives model.folder, too", "plan", "--config", "recipes/world/sft.yaml", "--model", "x", "--set",
        "model.folder=a")]
    public async Task WhatARecipeLeavesOpenIsAskedFor(string said, params string[] arguments) =>
        await CapturedConsole.RefusedAsync([said], InRepository(arguments));

    private static string[] InRepository(string[] arguments) =>
        [.. arguments.Select(word => word.StartsWith("recipes/", StringComparison.Ordinal) ? Path.Combine(Golden.RepositoryRoot(), word) : word)];

    // Each name with its first two letters swapped, one dropped or one doubled leads back to it.
    [Fact]
    public async Task EveryCommandIsFoundAgainFromASlipOfTheHand()
    {
        foreach ((string path, Command group) in Groups(CommandTree.Create(), ""))
            foreach (Command command in group.Subcommands)
            {
                string name = command.Name, doubled = name + name[^1];
                if (group.Subcommands.Any(other => other.Name == doubled)) continue;
                (int code, _, string errors) = await CapturedConsole.RunAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), doubled]);
                Assert.Equal(CliHost.BadInput, code);
                Assert.Contains($"unknown command '{path}{doubled}'; did you mean '{path}{name}'?", errors);
            }
    }

    [Fact]
    public async Task NoArgumentsListTheCommands()
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync();
        Assert.Equal((0, ""), (code, errors));
        foreach (Command command in CommandTree.Create().Subcommands)
        {
            Assert.Contains($"\n  {command.Name} ", output);
            foreach (Command sub in command.Subcommands) Assert.Contains(sub.Name, output);
        }
    }

    private static IEnumerable<(string Path, Command Group)> Groups(Command command, string path)
    {
        if (command.Subcommands.Count == 0) yield break;
        yield return (path, command);
        foreach (Command sub in command.Subcommands)
            foreach ((string, Command) group in Groups(sub, $"{path}{sub.Name} ")) yield return group;
    }
}
