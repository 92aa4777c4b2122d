using System.Text.Json;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>A decoder of the Llama kind: Llama, Mistral, Qwen2, Qwen3, Gemma 3.</summary>
public sealed record TextConfig
{
    // fields of other decoders that change the forward pass
    private static readonly string[] Foreign =
    [
        "attn_logit_softcapping", "final_logit_softcapping", "logit_softcapping", "logit_scale", "logits_scaling", "embedding_multiplier",
        "residual_multiplier", "attention_multiplier",
        "scale_emb", "scale_depth", "query_pre_attn_scalar", "num_experts", "num_local_experts", "n_routed_experts", "use_qk_norm", "qk_layernorm",
        "use_parallel_residual", "parallel_attn",
        "alibi", "rotary_pct", "rotary_dim", "no_rope_layers", "attention_chunk_size", "clip_qkv", "attention_sink", "lm_head_bias", "rope_local_base_freq",
    ];

    /// <summary>The name of the decoder in config.json.</summary>
    public required string ModelType { get; init; }

    /// <summary>Width H.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; queries share them in groups.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Size of a head; need not be H / heads.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Vocabulary V.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Epsilon of the norms.</summary>
    public required double RmsNormEpsilon { get; init; }

    /// <summary>Longest text of the pretraining, in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Maximum number of tokens of a text: the positions of the configuration, which dynamic scaling lengthens by its factor.</summary>
    public int MaxTokens => Rope.Type == "dynamic" ? (int)Math.Min(MaxPositions * Rope.Factor, int.MaxValue) : MaxPositions;

    /// <summary>Rotary positions.</summary>
    public required RopeConfig Rope { get; init; }

    /// <summary>Feed-forward activation.</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>q, k and v have biases.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>The attention's output projection has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>The feed-forward projections have biases.</summary>
    public bool FeedForwardBias { get; init; }

    /// <summary>Each head's query and key are normed (Qwen3).</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>Norms multiply by 1 + weight (Gemma).</summary>
    public bool NormsAroundOne { get; init; }

    /// <summary>What attention and feed-forward part give is normed before it is added (Gemma 3).</summary>
    public bool NormsOutputs { get; init; }

    /// <summary>Attention scores are divided by the root of this number; null = of the head size.</summary>
    public double? QueryScalar { get; init; }

    /// <summary>Embeddings of tokens are multiplied by this (Gemma); those of images are not.</summary>
    public double EmbeddingFactor { get; init; } = 1;

    /// <summary>Tokens of one image see each other both ways (Gemma 3).</summary>
    public bool SeesImagesBothWays { get; init; }

    /// <summary>Rotary positions of the layers with a window, where they have their own; null = <see cref="Rope"/>.</summary>
    public RopeConfig? SlidingRope { get; init; }

    /// <summary>How many columns back a token sees, itself among them; null = all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Which layers use the window.</summary>
    public IReadOnlyList<bool> SlidingLayers { get; init; } = [];

    /// <summary>Parameters of the decoder, with its embedding table and without the output layer.</summary>
    public long ParameterCount =>
        (long)VocabularySize * HiddenSize + HiddenSize
        + Layers * ((NormsOutputs ? 4L : 2L) * HiddenSize + HiddenSize * (long)HeadSize * (2 * Heads + 2 * KeyValueHeads) + 3L * HiddenSize * IntermediateSize
            + (QueryKeyValueBias ? (Heads + 2L * KeyValueHeads) * HeadSize : 0) + (OutputBias ? HiddenSize : 0)
            + (FeedForwardBias ? 2L * IntermediateSize + HiddenSize : 0) + (QueryKeyNorm ? 2L * HeadSize : 0));

    /// <summary>Reads a text config; what it leaves out has the defaults of its `model_type` in transformers.</summary>
    /// <exception cref="InvalidInputException">The decoder is not known or a field is out of range.</exception>
    public static TextConfig Parse(ConfigReader text, string? modelType = null)
    {
        string type = modelType ?? text.Text("model_type", "llama");
        Defaults defaults = DefaultsOf(type)
            ?? throw text.Error("model_type", $"'{type}' is not a decoder known here; known are llama, mistral, qwen2, qwen2_vl, qwen2_5_vl, qwen3, qwen3_vl");
        bool llama = type == "llama", qwen2 = type.StartsWith("qwen2", StringComparison.Ordinal), qwen3 = type.StartsWith("qwen3", StringComparison.Ordinal);
        bool attentionBias = text.Flag("attention_bias", false), feedForwardBias = text.Flag("mlp_bias", false);
        int? window = Window(text, type);
        RefuseForeign(text);
        TextConfig sizes = ReadSizes(text, type, defaults, (most, headSize) => RopeConfig.Parse(text, most, headSize, defaults.Theta, interleaved: qwen3));
        return sizes with
        {
            Activation = text.Text("hidden_act", "silu"),
            QueryKeyValueBias = qwen2 || ((llama || qwen3) && attentionBias),
            OutputBias = (llama || qwen3) && attentionBias,
            FeedForwardBias = llama && feedForwardBias,
            QueryKeyNorm = qwen3,
            SlidingWindow = window,
            SlidingLayers = SlidingOf(text, type, sizes.Layers, window),
        };
    }

    /// <summary>Whether a decoder of that `model_type` can be run.</summary>
    internal static bool IsKnown(string type) => DefaultsOf(type) is not null;

    /// <summary>What the config of every decoder has: its sizes, checked against each other, and its rotary positions.</summary>
    /// <param name="text">The text config.</param>
    /// <param name="type">Its `model_type`.</param>
    /// <param name="defaults">What fields are that the file leaves out.</param>
    /// <param name="rope">Reads the rotary positions, given the longest text and the head size.</param>
    /// <exception cref="InvalidInputException">A field is out of range.</exception>
    internal static TextConfig ReadSizes(ConfigReader text, string type, Defaults defaults, Func<int, int, RopeConfig> rope)
    {
        int hidden = text.Int("hidden_size", defaults.Hidden), heads = text.Int("num_attention_heads", defaults.Heads, most: 1 << 16);
        int layers = text.Int("num_hidden_layers", defaults.Layers, most: 1024);
        int keyValueHeads = text.Int("num_key_value_heads", defaults.KeyValueHeads ?? heads, most: 1 << 16);
        int headSize = text.Int("head_dim", defaults.HeadSize ?? hidden / heads, most: 1 << 16);
        if (heads % keyValueHeads != 0) throw text.Error("num_key_value_heads", $"({keyValueHeads}) does not divide the {heads} attention heads");
        if (headSize < 1) throw text.Error("num_attention_heads", $"({heads}) is more than hidden_size ({hidden})");
        if (headSize % 2 != 0) throw text.Error("head_dim", "must be even");
        if ((long)heads * headSize > 1 << 24) throw text.Error("head_dim", $"of {headSize} with {heads} heads is out of range");
        double epsilon = text.Number("rms_norm_eps", defaults.Epsilon);
        if (epsilon is <= 0 or > 1) throw text.Error("rms_norm_eps", "must lie between 0 and 1");
        int maxPositions = text.Int("max_position_embeddings", defaults.MaxPositions);
        return new TextConfig
        {
            ModelType = type,
            HiddenSize = hidden,
            IntermediateSize = text.Int("intermediate_size", defaults.Intermediate),
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            VocabularySize = text.Int("vocab_size", defaults.Vocabulary),
            RmsNormEpsilon = epsilon,
            MaxPositions = maxPositions,
            Rope = rope(maxPositions, headSize),
        };
    }

    private static int? Window(ConfigReader text, string type)
    {
        if (type == "llama" || type.StartsWith("qwen3_vl", StringComparison.Ordinal)) return null; // their classes know no window
        if (type != "mistral" && !text.Flag("use_sliding_window", false)) return null;
        bool saysNone = text.Element.TryGetProperty("sliding_window", out _) && !text.Has("sliding_window"); // null: no window, not the default
        return saysNone ? null : text.Int("sliding_window", 4096);
    }

    private static List<bool> SlidingOf(ConfigReader text, string type, int layers, int? window)
    {
        int first = type == "mistral" ? 0 : text.Int("max_window_layers", type.Contains("_vl", StringComparison.Ordinal) ? 80 : 28, least: 0);
        List<bool> usual = [.. Enumerable.Range(0, layers).Select(layer => window is not null && layer >= first)];
        if (NamedLayers(text, layers) is not { } named || named.SequenceEqual(usual)) return usual;
        if (window is null) throw text.Error("layer_types", "names layers with sliding_attention, but there is no sliding_window in use");
        if (type == "mistral") throw text.Error("layer_types", "leaves out layers, but Mistral's sliding_window counts in all of them; remove one of them");
        return named;
    }

    /// <summary>Which layers use the window, as `layer_types` says; null where the file does not have it.</summary>
    /// <exception cref="InvalidInputException">It names too many, too few or unknown layers.</exception>
    internal static List<bool>? NamedLayers(ConfigReader text, int layers)
    {
        if (text.Texts("layer_types") is not { } kinds) return null;
        if (kinds.Count != layers) throw text.Error("layer_types", $"must name {layers} layers");
        return [.. kinds.Select(kind => kind switch
        {
            "full_attention" => false,
            "sliding_attention" => true,
            _ => throw text.Error("layer_types", $"names '{kind}', which is not supported"),
        })];
    }

    /// <summary>Refuses fields of other decoders: what they ask for is not done. Null, false, 0 and 1 ask for nothing.</summary>
    /// <param name="text">The text config.</param>
    /// <param name="known">Fields that the caller reads.</param>
    /// <exception cref="InvalidInputException">It names the field.</exception>
    internal static void RefuseForeign(ConfigReader text, params ReadOnlySpan<string> known)
    {
        foreach (string field in Foreign)
        {
            if (known.Contains(field)) continue;
            if (!text.Element.TryGetProperty(field, out JsonElement value)) continue;
            bool neutral = value.ValueKind is JsonValueKind.Null or JsonValueKind.False
                || (value.ValueKind == JsonValueKind.Number && value.GetDouble() is 0 or 1)
                || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0);
            if (!neutral) throw text.Error(field, "changes what the decoder computes and is not supported");
        }
    }

    /// <summary>What a field of the config is where the file leaves it out.</summary>
    internal sealed record Defaults(int Hidden, int Intermediate, int Layers, int Heads, int? KeyValueHeads, int? HeadSize, int Vocabulary, int MaxPositions,
        double Theta, double Epsilon = 1e-6);

    private static Defaults? DefaultsOf(string type) => type switch
    {
        "llama" => new(4096, 11008, 32, 32, null, null, 32000, 2048, 10000),
        "mistral" => new(4096, 14336, 32, 32, 8, null, 32000, 131072, 10000),
        "qwen2" => new(4096, 22016, 32, 32, 32, null, 151936, 32768, 10000),
        "qwen2_vl" or "qwen2_vl_text" or "qwen2_5_vl" or "qwen2_5_vl_text" => new(8192, 29568, 80, 64, 8, null, 152064, 32768, 1000000, 1e-5),
        "qwen3" => new(4096, 22016, 32, 32, 32, 128, 151936, 32768, 10000),
        "qwen3_vl" or "qwen3_vl_text" => new(4096, 22016, 32, 32, 32, 128, 151936, 128000, 500000),
        _ => null,
    };
}
