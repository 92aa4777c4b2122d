namespace SafeRlhfV.Models;

/// <summary>Which Qwen-VL generation a checkpoint belongs to; their towers and mergers differ, their frame does not.</summary>
public enum QwenGeneration
{
    /// <summary>Qwen2-VL: layer norms, quick-GELU.</summary>
    Qwen2,

    /// <summary>Qwen2.5-VL: RMS norms, gated feed-forward, window attention but for a few blocks.</summary>
    Qwen25,

    /// <summary>Qwen3-VL: learned interpolated positions, deepstack.</summary>
    Qwen3,
}
