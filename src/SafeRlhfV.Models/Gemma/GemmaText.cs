using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>The text_config of Gemma 3, in the spelling of every version of transformers.</summary>
internal static class GemmaText
{
    private const double UsualTheta = 1_000_000, UsualSlidingTheta = 10_000, UsualQueryScalar = 256;
    private const int UsualWindow = 4096, UsualPattern = 6;

    // the soft caps are fields that transformers' class with a vision tower does not read, whatever they say
    private static readonly string[] Own = ["query_pre_attn_scalar", "rope_local_base_freq", "attn_logit_softcapping", "final_logit_softcapping"];

    private static readonly TextConfig.Defaults Usual = new(2304, 9216, 26, 8, 4, 256, 262208, 131072, UsualTheta);

    /// <summary>Reads it; missing fields have transformers' defaults.</summary>
    /// <exception cref="InvalidInputException">A field is malformed, out of range or not supported.</exception>
    public static TextConfig Read(ConfigReader text)
    {
        const string Type = "gemma3_text";
        if (text.Text("model_type", Type) is var type && type != Type) throw text.Error("model_type", $"'{type}' must be {Type}");
        TextConfig.RefuseForeign(text, Own);
        if (text.Flag("use_bidirectional_attention", false))
            throw text.Error("use_bidirectional_attention", "must be false; a text that is read both ways is not supported");
        if (text.Element.TryGetProperty("sliding_window", out _) && !text.Has("sliding_window"))
            throw text.Error("sliding_window", "must be a number");
        TextConfig sizes = TextConfig.ReadSizes(text, type, Usual, (most, headSize) => FullRope(text, most, headSize));
        double scalar = text.Number("query_pre_attn_scalar", UsualQueryScalar);
        if (scalar is not (> 0 and < 1 << 24)) throw text.Error("query_pre_attn_scalar", "must be above 0");
        bool biases = text.Flag("attention_bias", false);
        return sizes with
        {
            Activation = text.Text("hidden_activation", "gelu_pytorch_tanh"),
            QueryKeyValueBias = biases,
            OutputBias = biases,
            QueryKeyNorm = true,
            NormsAroundOne = true,
            NormsOutputs = true,
            QueryScalar = scalar,
            EmbeddingFactor = Math.Sqrt(sizes.HiddenSize),
            SeesImagesBothWays = true,
            SlidingWindow = text.Int("sliding_window", UsualWindow),
            SlidingLayers = TextConfig.NamedLayers(text, sizes.Layers) ?? Pattern(text, sizes.Layers),
            SlidingRope = SlidingRope(text, sizes.MaxPositions, sizes.HeadSize),
        };
    }

    // every so many layers one has no window
    private static List<bool> Pattern(ConfigReader text, int layers)
    {
        int every = text.Int("sliding_window_pattern", UsualPattern);
        return [.. Enumerable.Range(1, layers).Select(layer => layer % every != 0)];
    }

    private static RopeConfig FullRope(ConfigReader text, int most, int headSize) => ByKind(text) is null
        ? RopeConfig.Parse(text, most, headSize, UsualTheta) : OfKind(text, "full_attention", "rope_theta", UsualTheta, most, headSize);

    // without settings of its own a layer with a window is never scaled
    private static RopeConfig SlidingRope(ConfigReader text, int most, int headSize) =>
        OfKind(text, "sliding_attention", "rope_local_base_freq", UsualSlidingTheta, most, headSize);

    private static RopeConfig OfKind(ConfigReader text, string kind, string older, double usual, int most, int headSize)
    {
        ConfigReader? settings = ByKind(text)?.Section(kind);
        double? inside = settings?.Has("rope_theta") == true ? settings.Number("rope_theta") : null;
        double? beside = text.Has(older) ? text.Number(older) : null;
        if (inside is not null && beside is not null && inside != beside)
            throw settings!.Error("rope_theta", $"is {inside}, but {older} is {beside}; leave one of them out");
        return RopeConfig.Read(text, settings, inside ?? beside ?? usual, most, headSize);
    }

    // transformers 5: one object of settings for each kind of layers
    private static ConfigReader? ByKind(ConfigReader text)
    {
        if (text.Section("rope_parameters") is not { } all || !all.Element.EnumerateObject().Any()) return null;
        if (all.Element.EnumerateObject().Select(field => field.Name)
            .FirstOrDefault(name => name is not ("full_attention" or "sliding_attention")) is { } other)
            throw all.Error(other, "is not known; give the settings of full_attention and sliding_attention");
        if (text.Section("rope_scaling")?.Element.EnumerateObject().Any() == true)
            throw text.Error("rope_scaling", "stands beside rope_parameters, which is its newer form; leave one of them out");
        return all;
    }
}
