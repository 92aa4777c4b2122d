using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>What config.json says of a model; each family derives its own record.</summary>
public abstract record ModelConfig
{
    /// <summary>The name that chooses the family: llava, llava_next, qwen2_vl, ...</summary>
    public required string ModelType { get; init; }

    /// <summary>The language model.</summary>
    public required TextConfig Text { get; init; }

    /// <summary>The output layer is the embedding table.</summary>
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>The id that stands in the text for one image token.</summary>
    public required int ImageTokenId { get; init; }

    /// <summary>Ids that end an answer, from generation_config.json or config.json; empty if neither says.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>The id that fills up a batch; null if the files do not say.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>config.json as it stands; written back on saving.</summary>
    public required JsonElement Source { get; init; }

    /// <summary>Side of the images that the tower takes and tokens that one image costs at least, for memory statements and `model info`.</summary>
    public abstract int LeastImageTokens { get; }

    /// <summary>Sizes of the vision side, for memory and time plans.</summary>
    public abstract VisionSizes VisionSizes { get; }

    /// <summary>The family that `model_type` names.</summary>
    /// <exception cref="InvalidInputException">It is not known.</exception>
    internal ModelFamily Family => ModelFamilies.Find(ModelType) ?? throw new InvalidInputException($"the model type '{ModelType}' is not known.");

    /// <summary>What prompting needs to know.</summary>
    public virtual ModelFacts Facts => new(ModelType, ImageTokenId, EosTokenIds, PadTokenId, Text.MaxTokens);

    /// <summary>The output layer is the embedding table where config.json does not say.</summary>
    protected internal virtual bool TiesByDefault => false;

    /// <summary>Reads config.json (and generation_config.json beside it) of a checkpoint folder.</summary>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or the family is not known.</exception>
    public static ModelConfig Load(string folder)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder; give a checkpoint's folder, or a training run's.");
        string file = Path.Combine(folder, "config.json");
        if (!File.Exists(file) && LoraConfig.IsIn(folder))
            throw new InvalidInputException($"{folder}: holds an adapter, and a whole model is needed here; 'safe-rlhf-v model merge' adds it into its base "
                + "model.");
        if (!File.Exists(file)) throw new InvalidInputException($"{file}: no such file; give the folder of a checkpoint, of an adapter or of a training run.");
        ModelConfig config = Parse(ConfigReader.Open(file));
        string generation = Path.Combine(folder, "generation_config.json");
        if (!File.Exists(generation)) return config;
        ConfigReader reader = ConfigReader.Open(generation);
        return config with
        {
            EosTokenIds = reader.Ints("eos_token_id") ?? config.EosTokenIds,
            PadTokenId = reader.FirstInt("pad_token_id") ?? config.PadTokenId
        };
    }

    /// <summary>Parses a config.json that is already read; `model_type` chooses the family.</summary>
    /// <exception cref="InvalidInputException">The family is not known, the weights are quantised, or a field is malformed or would be ignored.</exception>
    public static ModelConfig Parse(ConfigReader reader)
    {
        foreach (ConfigReader part in new[] { reader, reader.Section("text_config") }.OfType<ConfigReader>()) RefuseQuantised(part);
        if (reader.Text("model_type").StartsWith("llava_", StringComparison.Ordinal) && reader.Has("mm_vision_tower"))
            throw reader.Error("model_type",
                $"'{reader.Text("model_type")}' is the form of the original LLaVA code; take the model's conversion for transformers (llava-hf on the Hugging "
                    + "Face hub)");
        if (reader.Section("llm_config") is { } original && original.Text("model_type", "qwen2") is var language && !TextConfig.IsKnown(language))
            throw original.Error("model_type", $"'{language}' is a language model that is not supported");
        if (reader.Text("model_type") == "internvl_chat" || reader.Has("llm_config"))
            throw reader.Error("model_type",
                $"'{reader.Text("model_type")}' is the form of the original InternVL code; take the model's conversion for transformers (on the Hugging "
                    + "Face hub its name ends in -hf)");
        if (reader.Text("model_type").EndsWith("_text", StringComparison.Ordinal))
            throw reader.Error("model_type", $"'{reader.Text("model_type")}' is a language model without a vision tower; take a vision-language checkpoint");
        ModelFamily family = ModelFamilies.Find(reader.Text("model_type"))
            ?? throw reader.Error("model_type",
                $"'{reader.Text("model_type")}' is not a family known here; known are "
                    + $"{string.Join(", ", ModelFamilies.All.SelectMany(known => known.ModelTypes))}");
        return family.ParseConfig(reader);
    }

    /// <summary>config.json for weights of the given type: the source text with its dtype fields changed.</summary>
    public string ToJson(ScalarType dtype)
    {
        JsonObject root = JsonNode.Parse(Source.GetRawText())!.AsObject();
        string name = SafetensorsTypes.ConfigName(dtype);
        foreach (JsonObject part in new[] { root, root["text_config"] as JsonObject, root["vision_config"] as JsonObject }.OfType<JsonObject>())
            foreach (string field in (string[])["torch_dtype", "dtype"])
                if (part.ContainsKey(field)) part[field] = name;
        // what the weights showed goes before what the file said
        foreach (JsonObject part in new[] { root, root["text_config"] as JsonObject }.OfType<JsonObject>())
            if (!TieWordEmbeddings && (part.ContainsKey("tie_word_embeddings") || (part == root && TiesByDefault))) part["tie_word_embeddings"] = false;
        if (!root.ContainsKey("torch_dtype") && !root.ContainsKey("dtype")) root["torch_dtype"] = name;
        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>The id of image tokens: the hub's image_token_index; newer files may say image_token_id.</summary>
    private protected static int ReadImageToken(ConfigReader reader, int usual)
    {
        int imageToken = reader.Has("image_token_id") ? reader.Int("image_token_id", least: 0) : reader.Int("image_token_index", usual, least: 0);
        if (reader.Has("image_token_index") && reader.Int("image_token_index", least: 0) != imageToken)
            throw reader.Error("image_token_index", $"is not image_token_id ({imageToken}); leave one of them out");
        return imageToken;
    }

    private static void RefuseQuantised(ConfigReader part)
    {
        foreach (string field in (string[])["quantization_config", "compression_config"])
        {
            if (part.Section(field) is not { } settings) continue;
            string method = settings.Text("quant_method", field == "compression_config" ? "compressed-tensors" : "bitsandbytes");
            string bits = settings.Flag("load_in_4bit", false) || settings.Flag("_load_in_4bit", false) ? ", 4 bits"
                : settings.Flag("load_in_8bit", false) || settings.Flag("_load_in_8bit", false) ? ", 8 bits" : settings.Has("bits")
                ? $", {settings.Int("bits")} bits" : "";
            throw part.Error(field, $"says that the weights are quantised ({method}{bits}), which is not supported; "
                + "take the original checkpoint in bfloat16, float16 or float32, or dequantise this one with the tool that made it");
        }
    }
}
