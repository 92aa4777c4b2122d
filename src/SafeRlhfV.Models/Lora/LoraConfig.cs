using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Settings of a LoRA adapter (PEFT's adapter_config.json).</summary>
public sealed record LoraConfig
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

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

    /// <summary>
    /// Modules that are left out although they are targeted: one regular expression for the whole name, or null if <see cref="ExcludeModules"/> says.
    /// </summary>
    public string? ExcludePattern { get; init; }

    /// <summary>The same as names of modules, or ends of names after a dot.</summary>
    public IReadOnlyList<string> ExcludeModules { get; init; } = [];

    /// <summary>Blocks whose modules are adapted; null = all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>What stands before a block's number in a module's name; empty = anything.</summary>
    public IReadOnlyList<string> LayersPattern { get; init; } = [];

    /// <summary>Other ranks for some modules, by regular expressions for the end of their names; the first that matches counts.</summary>
    public IReadOnlyList<(string Pattern, double Rank)> RankPattern { get; init; } = [];

    /// <summary>The same for alpha.</summary>
    public IReadOnlyList<(string Pattern, double Alpha)> AlphaPattern { get; init; } = [];

    /// <summary>Magnitudes are learnt, too (DoRA).</summary>
    public bool IsDora { get; init; }

    /// <summary>B has a bias (lora_bias).</summary>
    public bool BiasOfB { get; init; }

    /// <summary>The model's biases that the adapter replaces: none, lora_only (of its modules) or all.</summary>
    public string Biases { get; init; } = "none";

    /// <summary>Modules that are saved whole, in place of the model's.</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>Modules of which some rows are replaced, and which (trainable_token_indices).</summary>
    public IReadOnlyList<(string Module, IReadOnlyList<int> Ids)> TokenIds { get; init; } = [];

    /// <summary>Name or path of the base model, for readers of the folder.</summary>
    public string? BaseModel { get; init; }

    /// <summary>adapter_config.json as it was loaded; null for a new adapter.</summary>
    public JsonElement? Source { get; init; }

    /// <summary>
    /// Linear layers of the language model's blocks, as the recipes use it; those of the vision tower may have the same names and are not meant.
    /// </summary>
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
        TargetPattern = @"(model\.){0,2}(language_model\.)?(model\.)?layers\.\d+\.(self_attn|mlp)\."
            + $"({string.Join('|', (layers ?? LanguageModelLayers).Select(Regex.Escape))})",
    };

    /// <summary>What the low-rank product is multiplied by.</summary>
    public double Scaling => Alpha / (RankStabilised ? Math.Sqrt(Rank) : Rank);

    /// <summary>The file with an adapter's settings.</summary>
    public const string FileName = "adapter_config.json";

    /// <summary>Whether a folder holds an adapter.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Reads adapter_config.json of a PEFT folder.</summary>
    /// <exception cref="InvalidInputException">It is missing or malformed, or asks for what is not supported; the setting is named.</exception>
    public static LoraConfig Load(string folder) => IsIn(folder) ? LoraConfigReader.Read(ConfigReader.Open(Path.Combine(folder, FileName)))
        : throw new InvalidInputException($"{folder}: there is no {FileName}; give the folder of an adapter, as PEFT or a trainer here writes it.");

    /// <summary>The folder of an adapter's base model: what its settings name, as a path, from the adapter, or as a folder beside it.</summary>
    /// <exception cref="InvalidInputException">It is not named, or not found.</exception>
    public static string FindBase(string folder)
    {
        string named = Load(folder).BaseModel ?? throw new InvalidInputException($"{folder}: {FileName} does not name its base model.");
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
            ["bias"] = Biases,
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
        if (ModulesToSave.Count > 0) root["modules_to_save"] = new JsonArray([.. ModulesToSave.Select(name => (JsonNode)name)]);
        if (Layers is not null) root["layers_to_transform"] = new JsonArray([.. Layers.Select(layer => (JsonNode)layer)]);
        return root.ToJsonString(indented) + "\n";
    }

    /// <summary>True if adapter_config.json says which modules are adapted.</summary>
    internal bool HasTargets => TargetPattern is not null || TargetModules.Count > 0;

    /// <summary>PEFT's word for every linear layer but the output layer.</summary>
    internal bool IsAllLinear => string.Equals(TargetPattern, "all-linear", StringComparison.OrdinalIgnoreCase);

    /// <summary>True if a module of that name is adapted, by PEFT's rules.</summary>
    internal bool Targets(string module)
    {
        if (!Allows(module)) return false;
        if (TargetPattern is not null) return IsWhole(TargetPattern, module, "target_modules") && IsInLayers(module);
        return TargetModules.Contains(module) || (TargetModules.Any(target => EndsIn(module, target)) && IsInLayers(module));
    }

    /// <summary>False if a module is left out by name, or is saved whole.</summary>
    internal bool Allows(string module)
    {
        bool excluded = ExcludePattern is not null ? IsWhole(ExcludePattern, module, "exclude_modules") : ExcludeModules.Any(name => EndsIn(module, name));
        return !excluded && !ModulesToSave.Any(name => IsWhole($@"(.*\.)?{name}(\..*)?", module, "modules_to_save"));
    }

    /// <summary>True if a parameter of that name belongs to a module that is saved whole.</summary>
    internal bool Saves(string parameter) => ModulesToSave.Any(name => IsWhole($@"(.*\.)?{Regex.Escape(name)}\..*", parameter, "modules_to_save"));

    /// <summary>True if a module of that name is <paramref name="saved"/>, or lies in it.</summary>
    internal static bool Saves(string saved, string module) => IsWhole($@"(.*\.)?{Regex.Escape(saved)}(\..*)?", module, "modules_to_save");

    /// <summary>The rank at a module, by any of its names: that of the first pattern that matches.</summary>
    internal int RankOf(IReadOnlyList<string> names) => (int)(Matching(RankPattern, "rank_pattern", names) ?? Rank);

    /// <summary>The scaling at a module: its alpha over its rank, or over the rank's root.</summary>
    internal double ScalingOf(IReadOnlyList<string> names)
    {
        double alpha = Matching(AlphaPattern, "alpha_pattern", names) ?? Alpha;
        return alpha / (RankStabilised ? Math.Sqrt(RankOf(names)) : RankOf(names));
    }

    /// <summary>The ids of the rows that are replaced at a module; null = none.</summary>
    internal IReadOnlyList<int>? TokensOf(IReadOnlyList<string> names) =>
        TokenIds.Where(entry => names.Any(name => EndsIn(name, entry.Module))).Select(entry => entry.Ids).FirstOrDefault();

    private bool IsInLayers(string module)
    {
        if (Layers is not { Count: > 0 }) return true;
        IEnumerable<string> patterns = LayersPattern.Count == 0 ? [@"[^.]*"] : LayersPattern;
        foreach (string pattern in patterns)
            if (Guarded(() => Regex.Match(module, $@"\A.*?\.(?:{pattern})\.(\d+)\.", RegexOptions.CultureInvariant, Patience), pattern,
                "layers_pattern") is { Success: true } found)
                return int.TryParse(found.Groups[1].ValueSpan, out int layer) && Layers.Contains(layer);
        return false;
    }

    private static double? Matching(IReadOnlyList<(string Pattern, double Value)> patterns, string field, IReadOnlyList<string> names)
    {
        foreach ((string pattern, double value) in patterns)
            if (names.Any(name => IsWhole($@"(.*\.)?({pattern})", name, field))) return value;
        return null;
    }

    private static bool IsWhole(string pattern, string name, string field) =>
        Guarded(() => Regex.IsMatch(name, $@"\A(?:{pattern})\z", RegexOptions.CultureInvariant, Patience), pattern, field);

    private static T Guarded<T>(Func<T> match, string pattern, string field)
    {
        try
        {
            return match();
        }
        catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InvalidInputException($"LoRA: {field} '{pattern}' is no usable regular expression.", error);
        }
    }

    /// <summary>True if a target is a module's name, or its end after a dot.</summary>
    internal static bool EndsIn(string module, string target) => module == target || module.EndsWith("." + target, StringComparison.Ordinal);
}
