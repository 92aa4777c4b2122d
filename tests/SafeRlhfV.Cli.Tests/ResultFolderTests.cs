using System.Text.Json.Nodes;
using SafeRlhfV.Inference.Tests;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class ResultFolderTests(TinyModels models) : IClassFixture<TinyModels>
{
    // What train writes is what every verb takes: the run's folder stands for the result inside it.
    [Fact]
    public async Task ARunsFolderStandsForItsResultInEveryVerbAndRecipe()
    {
        using TemporaryFolder folder = new();
        string data = Golden.At("beavertails-v", "paired");
        async Task<string> Run(params string[] arguments)
        {
            (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
            Assert.True(code == 0, $"{string.Join(' ', arguments)}: {errors}");
            return output;
        }
        string start = Golden.At("models", "llava-1.5-tiny");
        string[] small = ["--data", data, "--set", "training.max_steps=1", "--set", "training.batch_size=2"];
        await Run(["train", "sft", "--model", start, "--out", folder.At("sft"), .. small]);
        await Run(["train", "sft", "--model", start, "--out", folder.At("lora"), "--set", "model.lora.rank=2", .. small]);
        await Run(["train", "reward", "--model", folder.At("sft"), "--out", folder.At("reward"), .. small]); // a recipe starts from a run
        string[] question = ["--prompt", "What is it?", "--max-new-tokens", "4", "--temperature", "0"];
        foreach (string run in (string[])["sft", "lora"])
            Assert.Equal(await Run(["generate", "--model", folder.At(run, "result"), .. question]),
                await Run(["generate", "--model", folder.At(run), .. question]));
        Assert.Equal(await Run(["generate", "--model", start, "--adapter", folder.At("lora", "result"), .. question]),
            await Run(["generate", "--model", start, "--adapter", folder.At("lora"), .. question]));
        Assert.Equal(await Run("score", "--model", folder.At("reward", "result"), "--prompt", "x", "--response", "y", "--json"),
            await Run("score", "--model", folder.At("reward"), "--prompt", "x", "--response", "y", "--json"));
        Assert.Contains("llava", await Run("model", "info", folder.At("sft")));
        Assert.Equal(folder.At("reward", "result"),
            ((PpoRecipe)RecipeReader.Parse(
                $"trainer: ppo\nmodel: {{ sharing: none, policy: {folder.At("sft")}, reward: {folder.At("reward")}, cost: {folder.At("reward")} }}\ndata: {{ prompts: {{ folder: {data} }} }}\nrun: {{ folder: x }}\ntraining: {{ ptx_coefficient: 0 }}")).Model.Reward);
    }

    [Fact]
    public async Task AGuardsRunIsFoundAndAnUnfinishedRunSaysSo()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.GetFiles(models.Guard))
        {
            Directory.CreateDirectory(folder.At("guard", "result"));
            File.Copy(file, folder.At("guard", "result", Path.GetFileName(file)));
        }
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("guard", "check", "--guard", folder.At("guard"), "--prompt", "how do i use this ?", "--json");
        Assert.True(code == 0, errors);
        Assert.False(JsonNode.Parse(output)!["verdict"]!["isUnsafe"]!.GetValue<bool>());

        Directory.CreateDirectory(folder.At("begun", "checkpoints"));
        File.WriteAllText(folder.At("begun", "run.lock"), "");
        foreach (string[] arguments in (string[][])[["guard", "check", "--guard", folder.At("begun"), "--prompt", "x"],
            ["generate", "--model", folder.At("begun"), "--prompt", "x"], ["model", "info", folder.At("begun")]])
            await CapturedConsole.RefusedAsync([folder.At("begun"), "not finished", "--resume"], arguments);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
            RecipeReader.Parse($"trainer: sft\nmodel: {{ folder: {folder.At("begun")} }}\ndata: {{ folder: x }}\nrun: {{ folder: y }}"));
        Assert.Contains("not finished", error.Message);
        Assert.Equal(folder.At("nowhere"), ResultFolder.Find(folder.At("nowhere")));
    }
}
