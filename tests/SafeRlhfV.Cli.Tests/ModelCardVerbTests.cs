using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary><c>model card</c> from the command line: a run and its results as Markdown that a hub reads.</summary>
[Collection(CapturedConsole.Name)]
public sealed class ModelCardVerbTests : IDisposable
{
    private static readonly string Model = Golden.At("models", "llava-1.5-tiny"), Pairs = Golden.At("beavertails-v", "paired"),
        Pope = Golden.At("formats", "benchmarks", "pope");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task TheCardHoldsRecipeDataFiguresAndLimits()
    {
        await TrainAsync();
        await BenchAsync("start", "Yes.");
        await BenchAsync("tuned", "No.");
        File.WriteAllText(folder.At("limits.md"), "- Only drawings were looked at.\n");
        (int code, string output, string errors) = await CapturedConsole.RunAsync("model", "card", folder.At("run"), "--results", folder.At("tuned"),
            folder.At("start"), "--name", "Tiny: tuned", "--base-model", "someone/llava-tiny", "--license", "mit", "--language", "en", "--limits",
            folder.At("limits.md"), "--out", folder.At("README.md"));
        Assert.True(code == 0, errors);
        Assert.Equal(folder.At("README.md") + "\n", output);
        string card = File.ReadAllText(folder.At("README.md"));
        string head = card.Split("---\n")[1];
        Assert.Equal("mit", YamlTree.Parse(head, "card").Top("license")); // the front matter is YAML
        Assert.Equal("someone/llava-tiny", YamlTree.Parse(head, "card").Top("base_model"));
        Assert.Contains("pipeline_tag: image-text-to-text", head, StringComparison.Ordinal);
        Assert.Contains("model-index:\n- name: \"Tiny: tuned\"", head, StringComparison.Ordinal);
        Assert.Contains("- type: accuracy\n      name: \"accuracy by exact:yes-no, split all\"\n      value: 0.5\n", head, StringComparison.Ordinal);
        Assert.Contains("# Tiny: tuned\n", card, StringComparison.Ordinal);
        Assert.Contains("trainer: sft", card, StringComparison.Ordinal);
        Assert.Contains("| exact:yes-no | start | tuned |", card, StringComparison.Ordinal);
        Assert.Contains("Differences are to start.", card, StringComparison.Ordinal);
        Assert.Contains("- Only drawings were looked at.", card, StringComparison.Ordinal);
        Assert.DoesNotContain(Golden.RepositoryRoot(), card, StringComparison.Ordinal); // no place of this machine
        Assert.DoesNotContain(folder.Path, card.Replace(folder.At("start"), "", StringComparison.Ordinal), StringComparison.Ordinal);
        await CapturedConsole.RefusedAsync(["give --overwrite"], "model", "card", folder.At("run"), "--out", folder.At("README.md"));

        // figures of another model are not the card's without a word
        (code, _, errors) = await CapturedConsole.RunAsync("eval", "bench", "--suite", "pope", "--data", Pope, "--images", Path.Combine(Pope, "val2014"),
            "--model", Model, "--max-new-tokens", "2", "--out", folder.At("base"));
        Assert.True(code == 0, errors);
        (code, _, errors) = await CapturedConsole.RunAsync("model", "card", folder.At("run"), "--results", folder.At("base"), "--out", folder.At("base.md"));
        Assert.True(code == 0, errors);
        Assert.Contains($"it measured {Model}, not {folder.At("run")}", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutResultsItSaysThatNothingWasMeasuredAndWhatIsNoRunIsRefused()
    {
        await TrainAsync();
        (int code, _, string errors) = await CapturedConsole.RunAsync("model", "card", folder.At("run"), "--out", folder.At("card.md"));
        Assert.True(code == 0, errors);
        Assert.Contains("states no license", errors, StringComparison.Ordinal);
        string card = File.ReadAllText(folder.At("card.md"));
        Assert.Contains("Nothing was measured.", card, StringComparison.Ordinal);
        Assert.Contains("license: unknown", card, StringComparison.Ordinal);
        Assert.Contains("base_model: llava-1.5-tiny", card, StringComparison.Ordinal);
        Assert.DoesNotContain("model-index", card, StringComparison.Ordinal);
        await CapturedConsole.RefusedAsync(["holds no recipe.yaml"], "model", "card", Model, "--out", folder.At("other.md"));
        await CapturedConsole.RefusedAsync(["there is no such folder"], "model", "card", folder.At("nowhere"), "--out", folder.At("other.md"));
        await CapturedConsole.RefusedAsync(["is a folder"], "model", "card", folder.At("run"), "--out", folder.Path);
    }

    [Fact]
    public async Task AStageOfAlignNamesTheModelAndTheDataThatAlignWasGiven()
    {
        CopyFolder(Model, folder.At("mine", "sft"));
        CopyFolder(Pairs, folder.At("mine", "data"));
        await TrainAsync(folder.At("mine", "sft"), folder.At("mine", "data"), folder.At("mine", "policy"));
        await CapturedConsole.RefusedAsync(["is a whole run of 'align'", Path.Combine("mine", "policy")], "model", "card", folder.At("mine"), "--out",
            folder.At("card.md"));
        Directory.CreateDirectory(folder.At("mine", "report"));
        File.WriteAllText(folder.At("mine", "report", "results.json"), """{"method":"ppo","model":"llava-start","data":"own-pairs"}""");
        foreach (string run in (string[])[folder.At("mine", "policy"), folder.At("mine", "policy", "result")])
        {
            (int code, _, string errors) = await CapturedConsole.RunAsync("model", "card", run, "--out", folder.At("card.md"), "--overwrite");
            Assert.True(code == 0, errors);
            string card = File.ReadAllText(folder.At("card.md"));
            Assert.Contains("base_model: llava-start\n", card, StringComparison.Ordinal);
            Assert.Contains("- own-pairs\n", card.Split("---\n")[1], StringComparison.Ordinal);
            Assert.Contains("# policy\n", card, StringComparison.Ordinal);
        }
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private Task TrainAsync() => TrainAsync(Model, Pairs, folder.At("run"));

    private static async Task TrainAsync(string model, string data, string run)
    {
        (int code, _, string errors) = await CapturedConsole.RunAsync("train", "sft", "--model", model, "--data", data, "--out", run, "--set",
            "training.max_steps=1", "--set", "training.batch_size=2");
        Assert.True(code == 0, errors);
    }

    private async Task BenchAsync(string result, string answer)
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        model.Reply = _ => answer;
        (int code, _, string errors) = await CapturedConsole.RunAsync("eval", "bench", "--suite", "pope", "--data", Pope, "--images",
            Path.Combine(Pope, "val2014"), "--model", result, "--model-endpoint", model.Address, "--out", folder.At(result));
        Assert.True(code == 0, errors);
    }
}
