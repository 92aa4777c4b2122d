using System.Text.Json;

namespace SafeRlhfV.Models;

/// <summary>
/// Dropout that a config.json asks for while a model is trained. Nothing here drops out but adapters (lora_dropout), so training such a model is refused;
/// inference leaves dropout out as it should.
/// </summary>
public static class TrainingDropout
{
    private const string Vision = "vision_config";

    /// <summary>Refuses to train a model that should drop out.</summary>
    /// <param name="config">What config.json says.</param>
    /// <param name="folder">The checkpoint's folder; null for a new model.</param>
    /// <param name="visionTower">The vision tower is trained too; a frozen one computes features as in inference, so that its dropout does not count.</param>
    /// <exception cref="InvalidInputException">A field asks for dropout.</exception>
    public static void Demand(ModelConfig config, string? folder, bool visionTower)
    {
        if (Find(config.Source, "", visionTower) is not { } found) return;
        string file = folder is null ? "config.json" : Path.Combine(folder, "config.json");
        throw new InvalidInputException($"{file}: {found.Field} {found.Rate} asks for dropout in training, which is not supported; set it to 0 "
            + (found.Field.StartsWith(Vision, StringComparison.Ordinal) ? "or leave the vision tower frozen."
                : "(model.lora.dropout drops out in an adapter)."));
    }

    private static (string Field, string Rate)? Find(JsonElement part, string path, bool visionTower)
    {
        foreach (JsonProperty field in part.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Object && (visionTower || field.Name != Vision)
                && Find(field.Value, $"{path}{field.Name}.", visionTower) is { } below) return below;
            if (field.Value.ValueKind == JsonValueKind.Number && DropsOut(field.Name) && field.Value.GetDouble() > 0)
                return ($"{path}{field.Name}", field.Value.GetRawText());
        }
        return null;
    }

    // attention_dropout, hidden_dropout_prob, resid_pdrop, layerdrop, drop_path_rate and the like
    private static bool DropsOut(string field) => field.Contains("dropout", StringComparison.Ordinal) || field.EndsWith("pdrop", StringComparison.Ordinal)
        || field.EndsWith("layerdrop", StringComparison.Ordinal) || field is "drop_path_rate" or "drop_rate";
}
