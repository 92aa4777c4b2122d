using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Writes a reward or cost model, or one of both scores, as the classification checkpoint that <c>vllm serve DIR --runner pooling --convert classify</c>
/// reads: the names of the hub, the head under <see cref="ScoreHead.ServedKey"/>, no output layer, and labels in config.json. It is read back as a score
/// model, too.
/// </summary>
public static class ClassifierExport
{
    private const string Classifier = "ForSequenceClassification", Hub = "hub";
    private static readonly string[] Both = ["reward", "cost"];

    /// <summary>Writes the folder.</summary>
    /// <param name="folder">A score model's folder, or an adapter's with a score head beside it, which is merged into its base model.</param>
    /// <param name="to">The folder to write.</param>
    /// <param name="options">How; its layout is not looked at.</param>
    /// <exception cref="InvalidInputException">The folder has no such score, or the new one exists or cannot be written.</exception>
    public static void Write(string folder, string to, SaveOptions? options = null)
    {
        options ??= new SaveOptions();
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: there is no such folder; give the result of train reward, cost or scores.");
        bool isAdapter = LoraConfig.IsIn(folder);
        string model = isAdapter ? LoraConfig.FindBase(folder) : folder, head = ScoreModel.HeadFolder(model, isAdapter ? folder : null);
        if (!ScoreHead.IsIn(head)) throw new InvalidInputException($"{folder}: there is no score head in it; give the result of train reward, cost or scores.");
        if (ModelKinds.Of(head) is ModelKind.Guard)
            throw new InvalidInputException($"{folder}: this is {ModelKinds.Name(ModelKind.Guard)}, whose heads no server reads.");
        if (ModelKinds.Heads(head) is > 1 and int heads)
            throw new InvalidInputException($"{folder}: its score is an ensemble of {heads} heads, and a classification checkpoint holds one; train a model "
                + "with heads: 1 for the server.");
        using ScoreModel scores = ScoreModel.Load(model, new LoadOptions { RequiresGradient = false }, isAdapter ? folder : null);
        if (scores.Head.Outputs > Both.Length)
            throw new InvalidInputException($"{folder}: its score head has {scores.Head.Outputs} outputs; a reward, a cost or both can be exported.");
        if (scores.Adapter is { } adapter)
        {
            scores.Backbone.Adapters[adapter].Merge();
            scores.Backbone.Adapters.Remove(adapter);
        }
        AtomicFolder.Write(to, options.Overwrite, aside => Write(scores, aside, options));
    }

    /// <summary>Whether a config is a classifier's: it has no output layer.</summary>
    internal static bool IsClassifier(ModelConfig config) =>
        config.Source.TryGetProperty("architectures", out JsonElement names) && names.ValueKind == JsonValueKind.Array && names.GetArrayLength() == 1
        && names[0].ValueKind == JsonValueKind.String && names[0].GetString()!.EndsWith(Classifier, StringComparison.Ordinal);

    private static void Write(ScoreModel scores, string aside, SaveOptions options)
    {
        VisionLanguageModel backbone = scores.Backbone;
        KeyLayout layout = ModelFamilies.Find(backbone.Config.ModelType)!.Layout(Hub);
        string output = $"{backbone.HeadName}.weight";
        var parameters = backbone.named_parameters().Where(pair => pair.name != output).ToArray();
        ScalarType dtype = options.Dtype ?? parameters[0].parameter.dtype;
        File.WriteAllText(Path.Combine(aside, "config.json"), Config(backbone.Config, dtype, scores.Head.Outputs));
        ShardedWriter.Write(aside,
            [.. parameters.Select(pair => PendingTensor.Of(layout.ToFile(pair.name), pair.parameter, dtype)),
                PendingTensor.Of(ScoreHead.ServedKey, scores.Head.Weight, dtype)],
            options.MaxShardBytes);
        if (backbone.Origin?.Folder is { } files) CheckpointFolder.CopyCompanions(files, aside);
    }

    private static string Config(ModelConfig config, ScalarType dtype, int outputs)
    {
        JsonObject root = JsonNode.Parse(config.ToJson(dtype))!.AsObject();
        string? name = (string?)root["architectures"]?.AsArray().FirstOrDefault();
        int suffix = name?.LastIndexOf("For", StringComparison.Ordinal) ?? -1;
        if (suffix <= 0)
            throw new InvalidInputException($"config.json of this {config.ModelType} names no architecture, such as Qwen2VLForConditionalGeneration; add it.");
        string[] labels = outputs == 1 ? ["score"] : Both;
        root["architectures"] = new JsonArray(name![..suffix] + Classifier);
        root["num_labels"] = outputs;
        root["id2label"] = new JsonObject(labels.Select((label, i) => KeyValuePair.Create($"{i}", (JsonNode?)label)));
        root["label2id"] = new JsonObject(labels.Select((label, i) => KeyValuePair.Create(label, (JsonNode?)i)));
        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }
}
