using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

/// <summary>Dropout that a configuration asks for is refused in training, whatever the family and the field, and left out in inference.</summary>
public sealed class TrainingDropoutTests
{
    private static readonly string[] Fields = ["attention_dropout", "hidden_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob", "resid_pdrop",
        "embd_pdrop", "attn_pdrop", "projection_dropout", "layerdrop", "drop_path_rate", "dropout"];

    public static TheoryData<string> Models =>
        [.. Directory.EnumerateDirectories(Golden.At("models")).Where(folder => File.Exists(Path.Combine(folder, "config.json")))
            .Where(folder => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!["model_type"] is not null)
            .Select(folder => Path.GetFileName(folder))];

    [Theory, MemberData(nameof(Models))]
    public void AFieldOfAnyPartIsRefused(string model)
    {
        string folder = Golden.At("models", model);
        foreach (string field in Fields)
            foreach (string part in (string[])["", "text_config", "vision_config"])
            {
                bool tower = part == "vision_config";
                if (With(folder, part, field, 0.1) is not { } config) continue;
                string message = Assert.Throws<InvalidInputException>(() => TrainingDropout.Demand(config, folder, tower)).Message;
                Assert.Contains($"config.json: {(part.Length > 0 ? part + "." : "")}{field} 0.1 asks for dropout in training", message);
                if (tower) TrainingDropout.Demand(config, folder, visionTower: false);
                TrainingDropout.Demand(With(folder, part, field, 0)!, folder, visionTower: true);
            }
    }

    [Theory, MemberData(nameof(Models))]
    public void AModelWithoutDropoutIsTaken(string model) =>
        TrainingDropout.Demand(ModelConfig.Load(Golden.At("models", model)), null, visionTower: true);

    // null where the configuration has no such part
    private static ModelConfig? With(string folder, string part, string field, double rate)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        if ((part.Length == 0 ? root : root[part] as JsonObject) is not { } section) return null;
        section[field] = rate;
        return ModelConfig.Parse(ConfigReader.Parse(JsonSerializer.SerializeToUtf8Bytes(root), "config.json"));
    }
}
