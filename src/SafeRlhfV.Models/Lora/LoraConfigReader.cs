using System.Text.Json;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Reads adapter_config.json. A setting that is not known here is harmless only where it says nothing: null, false, 0 or empty.</summary>
internal static class LoraConfigReader
{
    private static readonly string[] Honoured =
    [
        "peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "use_dora", "lora_bias", "bias", "target_modules", "exclude_modules",
        "layers_to_transform", "layers_pattern", "rank_pattern",
        "alpha_pattern", "modules_to_save", "trainable_token_indices", "init_lora_weights",
    ];

    // they tell where the adapter came from, or are for training alone
    private static readonly string[] Harmless = ["auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "peft_version", "task_type",
        "megatron_core", "qalora_group_size", "runtime_config"];

    /// <exception cref="InvalidInputException">A setting is malformed or not supported; it is named.</exception>
    public static LoraConfig Read(ConfigReader reader)
    {
        if (reader.Text("peft_type", "LORA") is not "LORA" and var type) throw reader.Error("peft_type", $"is {type}; only LORA is supported");
        foreach (JsonProperty setting in reader.Element.EnumerateObject())
            if (!Honoured.Contains(setting.Name) && !Harmless.Contains(setting.Name) && !IsNothing(setting.Value))
                throw reader.Error(setting.Name, "is not supported");
        RequirePlainStart(reader);
        (string? pattern, IReadOnlyList<string> names) = PatternOrNames(reader, "target_modules");
        (string? excludePattern, IReadOnlyList<string> excluded) = PatternOrNames(reader, "exclude_modules");
        (string? layersPattern, IReadOnlyList<string> layersPatterns) = PatternOrNames(reader, "layers_pattern");
        double dropout = reader.Number("lora_dropout", 0);
        if (dropout is < 0 or >= 1) throw reader.Error("lora_dropout", "must lie from 0 to below 1");
        string biases = reader.Text("bias", "none");
        if (biases is not ("none" or "all" or "lora_only")) throw reader.Error("bias", "must be none, all or lora_only");
        bool dora = reader.Flag("use_dora", false), biasOfB = reader.Flag("lora_bias", false);
        if (dora && biasOfB) throw reader.Error("lora_bias", "is not supported together with use_dora");
        return new LoraConfig
        {
            Rank = reader.Int("r", 8, most: 1 << 16),
            Alpha = reader.Number("lora_alpha", 8),
            Dropout = dropout,
            RankStabilised = reader.Flag("use_rslora", false),
            IsDora = dora,
            BiasOfB = biasOfB,
            Biases = biases,
            TargetPattern = pattern,
            TargetModules = names,
            ExcludePattern = excludePattern is "" ? null : excludePattern,
            ExcludeModules = excluded,
            Layers = reader.Ints("layers_to_transform"),
            LayersPattern = layersPattern is { Length: > 0 } ? [layersPattern] : layersPatterns,
            RankPattern = Patterns(reader, "rank_pattern", whole: true),
            AlphaPattern = Patterns(reader, "alpha_pattern", whole: false),
            ModulesToSave = reader.Texts("modules_to_save") ?? [],
            TokenIds = TokenIds(reader),
            BaseModel = reader.Has("base_model_name_or_path") ? reader.Text("base_model_name_or_path") : null,
            Source = reader.Element,
        };
    }

    // pissa, olora, corda, eva, loftq and the like take a part out of the base model first; their matrices belong to what is left of it
    private static void RequirePlainStart(ConfigReader reader)
    {
        if (!reader.Has("init_lora_weights")) return;
        JsonElement start = reader.Element.GetProperty("init_lora_weights");
        bool plain = start.ValueKind is JsonValueKind.True or JsonValueKind.False
            || (start.ValueKind == JsonValueKind.String && start.GetString() is "gaussian" or "orthogonal");
        if (!plain)
            throw reader.Error("init_lora_weights",
                $"is {start.GetRawText()}: its matrices belong to a changed base model; convert the adapter to plain LoRA "
                    + "(path_initial_model_for_weight_conversion of PEFT's save_pretrained)");
    }

    private static bool IsNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.String => value.ValueEquals(""),
        _ => false,
    };

    private static (string? Pattern, IReadOnlyList<string> Names) PatternOrNames(ConfigReader reader, string field) =>
        !reader.Has(field) ? (null, []) : reader.Element.GetProperty(field).ValueKind == JsonValueKind.String ? (reader.Text(field), [])
            : (null, reader.Texts(field)!);

    private static IReadOnlyList<(string, double)> Patterns(ConfigReader reader, string field, bool whole) =>
        reader.Section(field) is not { } section
            ? []
            : [.. section.Element.EnumerateObject().Select(entry => (entry.Name, whole ? section.Int(entry.Name, most: 1 << 16) : section.Number(entry.Name)))];

    // a list is for the embedding table; an object names the modules
    private static IReadOnlyList<(string, IReadOnlyList<int>)> TokenIds(ConfigReader reader)
    {
        const string Field = "trainable_token_indices";
        if (!reader.Has(Field)) return [];
        if (reader.Element.GetProperty(Field).ValueKind != JsonValueKind.Object) return reader.Ints(Field) is { Count: > 0 } ids ? [("embed_tokens", ids)] : [];
        ConfigReader section = reader.Section(Field)!;
        return [.. section.Element.EnumerateObject()
            .Select(entry => (entry.Name, section.Ints(entry.Name) ?? throw section.Error(entry.Name, "must be a list of token ids")))];
    }
}
