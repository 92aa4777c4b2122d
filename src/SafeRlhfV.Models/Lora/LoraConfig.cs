using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SafeRlhfV.Data;

namespace SafeRlhfV.Models;

/// <summary>Settings of a LoRA adapter (PEFT's adapter_config.json).</summary>
public sealed record LoraConfig
{
    /// <summary>The linear layers of a language model's block.</summary>
    public static IReadOnlyList<string> LanguageModelLayers { get; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>Rank r.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The product is scaled by alpha / r.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Dropout before the low-rank product while training.</summary>
    public double Dropout { get; init; }

    /// <summary>Scale by alpha / sqrt(r) (rank-stabilised LoRA).</summary>
    public bool RankStabilised { get; init; }

    /// <summary>One regular expression that a module's whole name must match, or null if <see cref="TargetModules"/> says.</summary>
    public string? TargetPattern { get; init; }

    /// <summary>Names of modules, or ends of names after a dot; used without <see cref="TargetPattern"/>.</summary>
    public IReadOnlyList<string> TargetModules { get; init; } = [];

    /// <summary>Names that <see cref="TargetPattern"/> was made of; each must match a layer of the model. Not written to the file.</summary>
    public IReadOnlyList<string> PatternNames { get; init; } = [];

    /// <summary>Blocks whose modules are adapted; null = all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Name or path of the base model, for readers of the folder.</summary>
    public string? BaseModel { get; init; }

    /// <summary>adapter_config.json as it was loaded; null for a new adapter.</summary>
    public JsonElement? Source { get; init; }

    /// <summary>Linear layers of the language model's blocks, as the recipes use it; those of the vision tower may have the same names and are not meant.</summary>
    /// <param name="rank">r.</param>
    /// <param name="alpha">The product is scaled by alpha / r.</param>
    /// <param name="dropout">Dropout before the low-rank product.</param>
    /// <param name="layers">Names of the layers (q_proj, ...); null = all.</param>
    public static LoraConfig ForLanguageModel(int rank, double alpha, double dropout = 0, IReadOnlyList<string>? layers = null) => new()
    {
        Rank = rank,
        Alpha = alpha,
        Dropout = dropout,
        PatternNames = layers ?? LanguageModelLayers,
        TargetPattern = $@"(model\.)?(language_model\.)?(model\.)?layers\.\d+\.(self_attn|mlp)\.({string.Join('|', (layers ?? LanguageModelLayers).Select(Regex.Escape))})",
    };

    /// <summary>What the low-rank product is multiplied by.</summary>
    public double Scaling => Alpha / (RankStabilised ? Math.Sqrt(Rank) : Rank);

    /// <summary>Reads adapter_config.json of a PEFT folder.</summary>
    /// <exception cref="InvalidInputException">It is missing or malformed, or asks for something other than plain LoRA.</exception>
    public static LoraConfig Load(string folder)
    {
        ConfigReader reader = ConfigReader.Open(Path.Combine(folder, "adapter_config.json"));
        if (reader.Text("peft_type", "LORA") != "LORA") throw reader.Error("peft_type", "must be LORA");
        foreach (string flag in (string[])["use_dora", "use_qalora", "use_bdlora", "fan_in_fan_out", "lora_bias"])
            if (reader.Flag(flag, false)) throw reader.Error(flag, "is not supported");
        if (reader.Text("bias", "none") != "none") throw reader.Error("bias", "other than none is not supported");
        foreach (string field in (string[])["modules_to_save", "layer_replication", "trainable_token_indices", "target_parameters"])
            if (reader.Has(field) && !(reader.Element.GetProperty(field).ValueKind is JsonValueKind.Array && reader.Element.GetProperty(field).GetArrayLength() == 0))
                throw reader.Error(field, "is not supported");
        foreach (string field in (string[])["rank_pattern", "alpha_pattern"])
            if (reader.Section(field) is { } pattern && pattern.Element.EnumerateObject().Any()) throw reader.Error(field, "is not supported");
        bool pattern1 = reader.Has("target_modules") && reader.Element.GetProperty("target_modules").ValueKind == JsonValueKind.String;
        double dropout = reader.Number("lora_dropout", 0);
        if (dropout is < 0 or >= 1) throw reader.Error("lora_dropout", "must lie from 0 to below 1");
        return new LoraConfig
        {
            Rank = reader.Int("r", 8, most: 1 << 16),
            Alpha = reader.Number("lora_alpha", 8),
            Dropout = dropout,
            RankStabilised = reader.Flag("use_rslora", false),
            TargetPattern = pattern1 ? reader.Text("target_modules") : null,
            TargetModules = pattern1 ? [] : reader.Texts("target_modules") ?? [],
            Layers = reader.Ints("layers_to_transform"),
            BaseModel = reader.Has("base_model_name_or_path") ? reader.Text("base_model_name_or_path") : null,
            Source = reader.Element,
        };
    }

    /// <summary>The folder of an adapter's base model: what its settings name, as a path, from the adapter, or as a folder beside it.</summary>
    /// <exception cref="InvalidInputException">It is not named, or not found.</exception>
    public static string FindBase(string folder)
    {
        string named = Load(folder).BaseModel ?? throw new InvalidInputException($"{folder}: adapter_config.json does not name its base model.");
        foreach (string candidate in new[] { named, Path.Combine(folder, named), Path.Combine(folder, "..", Path.GetFileName(named.TrimEnd('/'))) })
            if (File.Exists(Path.Combine(candidate, "config.json"))) return Path.GetFullPath(candidate);
        throw new InvalidInputException($"{folder}: the base model '{named}' is found neither as a folder nor beside the adapter.");
    }

    /// <summary>adapter_config.json: the loaded one, or one that PEFT reads.</summary>
    public string ToJson()
    {
        JsonSerializerOptions indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        if (Source is { } source) return JsonNode.Parse(source.GetRawText())!.ToJsonString(indented) + "\n";
        JsonObject root = new()
        {
            ["base_model_name_or_path"] = BaseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["lora_alpha"] = Alpha == Math.Floor(Alpha) ? (long)Alpha : Alpha,
            ["lora_dropout"] = Dropout,
            ["peft_type"] = "LORA",
            ["r"] = Rank,
            ["target_modules"] = TargetPattern is not null ? TargetPattern : new JsonArray([.. TargetModules.Select(name => (JsonNode)name)]),
            ["task_type"] = "CAUSAL_LM",
            ["use_dora"] = false,
            ["use_rslora"] = RankStabilised,
        };
        if (Layers is not null) root["layers_to_transform"] = new JsonArray([.. Layers.Select(layer => (JsonNode)layer)]);
        return root.ToJsonString(indented) + "\n";
    }

    /// <summary>True if a module of that name is adapted, by PEFT's rules.</summary>
    internal bool Targets(string module)
    {
        if (Layers is not null && Regex.Match(module, @"\.layers\.(\d+)\.") is { Success: true } at && !Layers.Contains(int.Parse(at.Groups[1].ValueSpan))) return false;
        if (TargetPattern is null) return TargetModules.Any(target => EndsIn(module, target));
        try
        {
            return Regex.IsMatch(module, $@"\A(?:{TargetPattern})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InvalidInputException($"LoRA: target_modules '{TargetPattern}' is no usable regular expression.", error);
        }
    }

    /// <summary>True if a target is a module's name, or its end after a dot.</summary>
    internal static bool EndsIn(string module, string target) => module == target || module.EndsWith("." + target, StringComparison.Ordinal);
}
