using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Cli.Tests;

public sealed class ParityVerbTests
{
    private static readonly string[] Given = ["input_ids", "attention_mask", "image_grid_thw", "image_sizes", "batch_num_images", "labels", "score_weight",
        "response_mask", "logits_last_positions", "grid_thw", "pixel_values"];

    // the smallest folder with cases of a model
    private static string Folder() =>
        Directory.GetDirectories(Golden.At("models"))
            .Where(folder => File.Exists(Path.Combine(folder, "adapter_config.json")) && Directory.Exists(Path.Combine(folder, "cases")))
        .OrderBy(folder => Directory.GetFiles(Path.Combine(folder, "cases")).Length).First();

    [Fact]
    public async Task ItTellsEveryCaseAndDumpsWhatWasComputedUnderTheNamesOfTheCase()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        CliRun run = await CliRun.Of("parity", Folder(), "--json", "--dump", temporary.At("dump"));
        Assert.Equal(0, run.ExitCode);
        Assert.True(run.Json.GetProperty("passed").GetBoolean());
        foreach (JsonElement result in run.Json.GetProperty("cases").EnumerateArray()
            .Where(result => result.GetProperty("skipped").ValueKind == JsonValueKind.Null))
        {
            string name = result.GetProperty("case").GetString()!;
            JsonElement tensors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(), "cases", name + ".json"))).RootElement.GetProperty("tensors");
            using SafetensorsFile dumped = SafetensorsFile.Open(temporary.At("dump", name + ".safetensors"));
            Assert.Empty(tensors.EnumerateObject().Select(property => property.Name).Except(dumped.Entries.Keys).Except(Given));
        }
    }

    [Fact]
    public async Task ItEndsWith1WhenANumberIsOverItsTolerance()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string source = LoraConfig.FindBase(Folder()), folder = temporary.At("model");
        using (VisionLanguageModel model = ModelCheckpoint.Load(source))
        {
            using (no_grad()) model.Decoder.Embedding.Weight.mul_(1.001);
            ModelCheckpoint.Save(model, folder);
        }
        Directory.CreateDirectory(Path.Combine(folder, "cases"));
        foreach (string path in Directory.GetFiles(Path.Combine(source, "cases"), "forward-text.*"))
            File.Copy(path, Path.Combine(folder, "cases", Path.GetFileName(path)));
        CliRun run = await CliRun.Of("parity", folder);
        Assert.Equal(CliHost.CheckFailed, run.ExitCode);
        Assert.Contains("OVER  forward-text", run.Output);
    }
}
