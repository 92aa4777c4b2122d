using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>
/// Rotary positions as config.json gives them. The settings are those of `rope_scaling`, else of `rope_parameters` (the newer name); `rope_theta` stands among
/// them or beside them.
/// </summary>
public sealed record RopeConfig
{
    private static readonly string[] Known =
    [
        "type", "rope_type", "rope_theta", "factor", "original_max_position_embeddings", "low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow",
        "truncate", "attention_factor",
        "mscale", "mscale_all_dim", "mrope_section", "mrope_interleaved", "partial_rotary_factor", "finetuned",
    ];

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

    /// <summary>Reads rope settings of a text config in every form.</summary>
    /// <param name="text">The text config.</param>
    /// <param name="maxPositions">Its longest text.</param>
    /// <param name="headSize">Its head size.</param>
    /// <param name="defaultTheta">The base where the file names none.</param>
    /// <param name="interleaved">M-RoPE gives the axes every third frequency (Qwen3) instead of chunks.</param>
    /// <exception cref="InvalidInputException">The variant or a setting is not known, out of range or without effect, or two fields contradict each
    /// other.</exception>
    public static RopeConfig Parse(ConfigReader text, int maxPositions, int headSize, double defaultTheta, bool interleaved = false)
    {
        ConfigReader? settings = Settings(text);
        return Read(text, settings, StatedTheta(text, settings) ?? defaultTheta, maxPositions, headSize, interleaved);
    }

    /// <summary>Reads one object of rope settings, such as that of one kind of layers.</summary>
    /// <param name="text">The text config.</param>
    /// <param name="settings">The object; null = there is none.</param>
    /// <param name="theta">The base.</param>
    /// <param name="maxPositions">The longest text of <paramref name="text"/>.</param>
    /// <param name="headSize">Its head size.</param>
    /// <param name="interleaved">As of <see cref="Parse"/>.</param>
    /// <exception cref="InvalidInputException">As of <see cref="Parse"/>.</exception>
    internal static RopeConfig Read(ConfigReader text, ConfigReader? settings, double theta, int maxPositions, int headSize, bool interleaved = false)
    {
        if (theta <= 1) throw text.Error("rope_theta", "must be above 1");
        if ((settings?.Number("partial_rotary_factor", 1) ?? 1) != 1 || text.Number("partial_rotary_factor", 1) != 1)
            throw text.Error("partial_rotary_factor", "other than 1 is not supported");
        if (settings is null) return new RopeConfig { Theta = theta, OriginalMaxPositions = maxPositions };

        if (settings.Element.EnumerateObject().Select(field => field.Name).FirstOrDefault(name => !Known.Contains(name)) is { } unknown)
            throw settings.Error(unknown, "is not known here and would be ignored; the model would give other numbers");
        if (settings.Flag("mrope_interleaved", interleaved) != interleaved)
            throw settings.Error("mrope_interleaved", $"must be {(interleaved ? "true" : "false")} for this family");
        string type = TypeOf(settings);
        double factor = type == "default" ? settings.Number("factor", 1) : settings.Number("factor");
        if (factor < 1) throw settings.Error("factor", "must be at least 1");
        if (type == "default" && factor != 1)
            throw settings.Error("factor", $"({factor}) has no effect without a rope_type such as linear or yarn; name the type or leave the factor out");
        return new RopeConfig
        {
            Type = type,
            Theta = theta,
            Factor = factor,
            OriginalMaxPositions = settings.Int("original_max_position_embeddings", text.Int("original_max_position_embeddings", maxPositions)),
            LowFrequencyFactor = settings.Number("low_freq_factor", 1),
            HighFrequencyFactor = settings.Number("high_freq_factor", 4),
            BetaFast = settings.Number("beta_fast", 32),
            BetaSlow = settings.Number("beta_slow", 1),
            Truncate = settings.Flag("truncate", true),
            AttentionFactor = settings.Has("attention_factor") ? settings.Number("attention_factor") : null,
            YarnScales = settings.Has("mscale") && settings.Has("mscale_all_dim") ? (settings.Number("mscale"), settings.Number("mscale_all_dim")) : null,
            Axes = ParseAxes(settings, headSize, interleaved),
        };
    }

    /// <summary>
    /// Refuses settings at the top of config.json that are not those of its text_config, which alone is read where it is there.
    /// </summary>
    /// <exception cref="InvalidInputException">It names the field.</exception>
    internal static void RefuseOutside(ConfigReader root, ConfigReader? text)
    {
        if (text is null) return;
        ConfigReader? outside = Settings(root), inside = Settings(text);
        if (StatedTheta(root, outside) is { } theta && StatedTheta(text, inside) != theta)
            throw root.Error("rope_theta",
                $"({theta}) stands at the top, where it is not read, and text_config says otherwise or nothing; put it into text_config");
        if (outside is not null && (inside is null ? TypeOf(outside) != "default" : TypeOf(outside) != TypeOf(inside)))
            throw root.Error(root.Has("rope_scaling") ? "rope_scaling" : "rope_parameters",
                "stands at the top, where it is not read, and text_config says otherwise or nothing; put it into text_config");
    }

    // an empty object counts as missing
    private static ConfigReader? Settings(ConfigReader text) =>
        new[] { "rope_scaling", "rope_parameters" }.Select(text.Section).FirstOrDefault(section => section?.Element.EnumerateObject().Any() == true);

    private static double? StatedTheta(ConfigReader text, ConfigReader? settings)
    {
        double? inside = settings?.Has("rope_theta") == true ? settings.Number("rope_theta") : null, beside = text.Has("rope_theta")
            ? text.Number("rope_theta")
            : null;
        if (inside is { } one && beside is { } other && one != other)
            throw settings!.Error("rope_theta", $"is {one}, but rope_theta beside it is {other}; leave one of them out");
        return inside ?? beside;
    }

    private static string TypeOf(ConfigReader settings)
    {
        string newer = Plain(settings.Text("rope_type", settings.Text("type", "default"))), older = Plain(settings.Text("type", newer));
        if (newer != older) throw settings.Error("type", $"is '{older}', but rope_type is '{newer}'; leave one of them out");
        return newer is "default" or "linear" or "dynamic" or "llama3" or "yarn" ? newer
            : throw settings.Error("rope_type", $"'{newer}' is not supported; supported are default, linear, dynamic, llama3, yarn and mrope");

        // the name that Qwen's first files had for the axes, which mrope_section gives
        static string Plain(string type) => type == "mrope" ? "default" : type;
    }

    // Qwen2(.5): chunks of frequencies (time, height, width); Qwen3: height takes 1, 4, 7, ..., width 2, 5, 8, ..., time the rest
    private static List<int>? ParseAxes(ConfigReader settings, int headSize, bool interleaved)
    {
        if (settings.Ints("mrope_section") is not { } sections) return null;
        int half = headSize / 2;
        if (sections.Count != 3 || sections.Any(size => size < 0 || size > half) || (!interleaved && sections.Sum() != half))
            throw settings.Error("mrope_section", $"must be three numbers that add up to half the head size ({half})");
        if (!interleaved) return [.. sections.SelectMany((size, axis) => Enumerable.Repeat(axis, size))];
        return [.. Enumerable.Range(0, half).Select(index => index % 3 != 0 && index < 3 * sections[index % 3] ? index % 3 : 0)];
    }
}
