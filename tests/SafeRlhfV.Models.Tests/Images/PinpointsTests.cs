using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class PinpointsTests
{
    private const string Field = "image_grid_pinpoints";

    public static TheoryData<string, string> Folders()
    {
        TheoryData<string, string> data = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Order(StringComparer.Ordinal))
            foreach (string file in (string[])["preprocessor_config.json", "processor_config.json"])
                if (File.Exists(Path.Combine(folder, "config.json")) && File.Exists(Path.Combine(folder, file))
                    && Settings(JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file)))!).ContainsKey(Field))
                    data.Add(Path.GetFileName(folder), file);
        return data;
    }

    // transformers then takes the resolutions of the released models, whatever config.json says
    [Theory]
    [MemberData(nameof(Folders))]
    public void AProcessorWithoutPinpointsIsRefusedWhereItsDefaultIsNotTheModels(string name, string file)
    {
        using TemporaryFolder copy = new();
        foreach (string path in Directory.EnumerateFiles(Golden.At("models", name)).Where(path => !path.EndsWith(".safetensors", StringComparison.Ordinal)))
            File.WriteAllBytes(copy.At(Path.GetFileName(path)), File.ReadAllBytes(path));
        ModelProcessor.Load(copy.Path);
        JsonNode root = JsonNode.Parse(File.ReadAllText(copy.At(file)))!;
        Settings(root).Remove(Field);
        File.WriteAllText(copy.At(file), root.ToJsonString());
        string message = Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(copy.Path)).Message;
        Assert.Contains($"{Field} are missing", message, StringComparison.Ordinal);
    }

    private static JsonObject Settings(JsonNode root) => (root["image_processor"] ?? root).AsObject();
}
