namespace SafeRlhfV.Models;

/// <summary>Rotary positions as config.json gives them (`rope_theta` with `rope_scaling`, or `rope_parameters`).</summary>
public sealed record RopeConfig
{
    /// <summary>default, linear, dynamic, llama3 or yarn.</summary>
    public string Type { get; init; } = "default";

    /// <summary>The base of the frequencies.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary>How much longer than in pretraining.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Positions of the pretraining (`original_max_position_embeddings`, else `max_position_embeddings`).</summary>
    public int OriginalMaxPositions { get; init; } = 2048;

    /// <summary>llama3: below this share of the original length a frequency is divided by the factor.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>llama3: above this share of the original length a frequency stays.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>yarn: turns above which a frequency stays.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>yarn: turns below which a frequency is divided by the factor.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>yarn: bounds of the ramp are rounded to whole dimensions.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>yarn: what cos and sin are multiplied by; null = from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>yarn: the two scales from which the attention factor is made, if both are there.</summary>
    public (double Scale, double ScaleAllDimensions)? YarnScales { get; init; }

    /// <summary>
    /// M-RoPE: for each frequency (half of the head size) which axis (0 time, 1 height, 2 width) gives its position; null = one axis for all.
    /// </summary>
    public IReadOnlyList<int>? Axes { get; init; }

    /// <summary>Reads rope settings of a text config in either form.</summary>
    /// <param name="text">The text config.</param>
    /// <param name="maxPositions">Its longest text.</param>
    /// <param name="headSize">Its head size.</param>
    /// <param name="defaultTheta">The base where the file names none.</param>
    /// <param name="interleaved">M-RoPE gives the axes every third frequency (Qwen3) instead of chunks.</param>
    /// <exception cref="Data.InvalidInputException">The variant is not known, or a field is out of range.</exception>
    public static RopeConfig Parse(ConfigReader text, int maxPositions, int headSize, double defaultTheta, bool interleaved = false)
    {
        ConfigReader? parameters = text.Section("rope_parameters"), scaling = parameters ?? text.Section("rope_scaling");
        double theta = parameters is not null && parameters.Has("rope_theta") ? parameters.Number("rope_theta") : text.Number("rope_theta", defaultTheta);
        if (theta <= 1) throw text.Error("rope_theta", "must be above 1");
        if (parameters?.Number("partial_rotary_factor", 1) is { } partial && partial != 1 || text.Number("partial_rotary_factor", 1) != 1)
            throw text.Error("partial_rotary_factor", "other than 1 is not supported");
        if (scaling is null) return new RopeConfig { Theta = theta, OriginalMaxPositions = maxPositions };

        string type = scaling.Has("rope_type") ? scaling.Text("rope_type") : scaling.Text("type", "default");
        double factor = scaling.Number("factor", 1);
        if (factor < 1) throw scaling.Error("factor", "must be at least 1");
        RopeConfig config = new()
        {
            Theta = theta,
            Factor = factor,
            OriginalMaxPositions = scaling.Int("original_max_position_embeddings", text.Int("original_max_position_embeddings", maxPositions)),
            LowFrequencyFactor = scaling.Number("low_freq_factor", 1),
            HighFrequencyFactor = scaling.Number("high_freq_factor", 4),
            BetaFast = scaling.Number("beta_fast", 32),
            BetaSlow = scaling.Number("beta_slow", 1),
            Truncate = scaling.Flag("truncate", true),
            AttentionFactor = scaling.Has("attention_factor") ? scaling.Number("attention_factor") : null,
            YarnScales = scaling.Has("mscale") && scaling.Has("mscale_all_dim") ? (scaling.Number("mscale"), scaling.Number("mscale_all_dim")) : null,
            Axes = ParseAxes(scaling, headSize, interleaved),
        };
        return type switch
        {
            "default" or "mrope" => config with { Type = "default" },
            "linear" or "dynamic" or "llama3" or "yarn" => config with { Type = type },
            _ => throw scaling.Error("rope_type", $"'{type}' is not supported; supported are default, linear, dynamic, llama3, yarn and mrope"),
        };
    }

    // Qwen2(.5): chunks of frequencies (time, height, width); Qwen3: height takes 1, 4, 7, ..., width 2, 5, 8, ..., time the rest
    private static List<int>? ParseAxes(ConfigReader scaling, int headSize, bool interleaved)
    {
        if (scaling.Ints("mrope_section") is not { } sections) return null;
        int half = headSize / 2;
        if (sections.Count != 3 || sections.Any(size => size < 0 || size > half) || (!interleaved && sections.Sum() != half))
            throw scaling.Error("mrope_section", $"must be three numbers that add up to half the head size ({half})");
        if (!interleaved) return [.. sections.SelectMany((size, axis) => Enumerable.Repeat(axis, size))];
        return [.. Enumerable.Range(0, half).Select(index => index % 3 != 0 && index < 3 * sections[index % 3] ? index % 3 : 0)];
    }
}
