using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>A folder that holds a run already.</summary>
[Collection(CapturedConsole.Name)]
public sealed class TrainVerbFolderTests
{
    /// <summary>The refusal is the only line: nothing is planned before it.</summary>
    [Fact]
    public async Task AUsedFolderIsRefusedBeforeThePlan()
    {
        using TemporaryFolder folder = new();
        string[] arguments = ["train", "sft", "--model", Golden.At("models", "llava-1.5-tiny"), "--data", Golden.At("beavertails-v", "paired"),
            "--out", folder.At("run"), "--set", "training.max_steps=1", "--set", "training.batch_size=2"];
        (int code, _, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == 0, errors);
        await CapturedConsole.RefusedAsync(["there is a run in it already", "choose another folder"], arguments);
        await CapturedConsole.RefusedAsync(["was made with another recipe", "choose another folder"],
            [.. arguments, "--set", "training.epochs=2", "--resume"]);
    }
}
