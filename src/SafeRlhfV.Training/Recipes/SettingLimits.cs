using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>What a numeric setting may be, by its key: a key means the same in every section.</summary>
/// <param name="Least">The smallest value.</param>
/// <param name="Most">The largest value.</param>
/// <param name="Above">The smallest value itself is not allowed.</param>
/// <param name="Below">The largest value itself is not allowed.</param>
internal sealed record SettingLimits(double Least, double Most, bool Above = false, bool Below = false)
{
    private const double Unreached = 1e9;

    private static readonly SettingLimits Share = new(0, 1), Decay = new(0, 1, Below: true), Positive = new(0, 1e12, Above: true), NotNegative = new(0, 1e12), Any = new(-1e12, 1e12), Count = new(1, 1e9), CountOrNone = new(0, 1e9);

    private static readonly Dictionary<string, SettingLimits> ByKey = new()
    {
        ["seed"] = new(long.MinValue, long.MaxValue),
        ["rank"] = new(1, 1 << 16),
        ["alpha"] = Positive,
        ["dropout"] = Decay,
        ["batch_size"] = Count,
        ["micro_batch_size"] = CountOrNone,
        ["micro_batch_tokens"] = CountOrNone,
        ["max_steps"] = Count,
        ["epochs"] = new(0, 1e6, Above: true),
        ["learning_rate"] = new(0, 10, Above: true),
        ["warmup_fraction"] = Share,
        ["floor_fraction"] = Share,
        ["beta1"] = Decay,
        ["beta2"] = Decay,
        ["epsilon"] = new(0, 1, Above: true),
        ["weight_decay"] = NotNegative,
        ["max_gradient_norm"] = Positive,
        ["prompt_tokens"] = new(1, 1 << 20),
        ["response_tokens"] = new(1, 1 << 20),
        ["total_tokens"] = new(2, 1 << 20),
        ["vision_cache_bytes"] = new(0, 1L << 50),
        ["eta"] = NotNegative,
        ["kappa"] = NotNegative,
        ["cost_weight"] = NotNegative,
        ["beta"] = Positive,
        ["label_smoothing"] = new(0, 0.5, Below: true),
        ["prompt_share"] = Decay,
        ["verdict_weight"] = NotNegative,
        ["category_weight"] = NotNegative,
        ["severity_weight"] = NotNegative,
        ["severity_row_weights"] = NotNegative,
        ["rounds"] = Count,
        ["rollout_batch"] = Count,
        ["rollout_micro_batch"] = CountOrNone,
        ["rollout_cache_bytes"] = new(0, 1L << 50),
        ["mini_batch"] = Count,
        ["micro_batch"] = CountOrNone,
        ["update_epochs"] = new(1, 1000),
        ["max_new_tokens"] = new(1, 1 << 20),
        ["temperature"] = new(0, 100, Above: true),
        ["kl_coefficient"] = NotNegative,
        ["clip_range"] = new(0, 1, Above: true, Below: true),
        ["clip_score"] = Positive,
        ["clip_value"] = Positive,
        ["gamma"] = Share,
        ["gae_lambda"] = Share,
        ["ptx_coefficient"] = NotNegative,
        ["ptx_batch"] = Count,
        ["calibration_rows"] = CountOrNone,
        ["initial"] = NotNegative,
        ["maximum"] = Positive,
        ["budget"] = Any,
        ["delay"] = CountOrNone,
        ["window"] = Count,
        ["proportional"] = NotNegative,
        ["integral"] = NotNegative,
        ["derivative"] = NotNegative,
        ["integral_maximum"] = Positive,
        ["save_every"] = CountOrNone,
        ["keep_last"] = Count,
        ["best_window"] = Count,
    };

    /// <summary>The limits of a key.</summary>
    /// <exception cref="InvalidOperationException">Nobody has said what the key may be.</exception>
    public static SettingLimits Of(string key) => ByKey.GetValueOrDefault(key) ?? throw new InvalidOperationException($"The setting {key} has no limits; add them to {nameof(SettingLimits)}.");

    /// <summary>Whether a value is allowed; NaN never is.</summary>
    public bool Allows(double value) => (Above ? value > Least : value >= Least) && (Below ? value < Most : value <= Most);

    /// <summary>The limits as a guide writes them, such as "0 to below 1"; those that nobody reaches are left out.</summary>
    public string Range
    {
        get
        {
            if (Least <= -Unreached) return "any";
            string least = string.Create(CultureInfo.InvariantCulture, $"{(Above ? "above " : "")}{Least:R}");
            return Most >= Unreached ? least + (Above ? "" : " or more") : string.Create(CultureInfo.InvariantCulture, $"{least} to {(Below ? "below " : "")}{Most:R}");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Above ? "above" : "at least")} {Least} and {(Below ? "below" : "at most")} {Most}");
}
