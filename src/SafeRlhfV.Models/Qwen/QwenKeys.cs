namespace SafeRlhfV.Models;

/// <summary>
/// Key layouts of Qwen-VL checkpoints. Canonical names are those that transformers 5 has in memory; Qwen3-VL has come with them from the start.
/// </summary>
internal static class QwenKeys
{
    /// <summary>Qwen2-VL and Qwen2.5-VL.</summary>
    public static IReadOnlyList<KeyLayout> Layouts { get; } =
    [
        // as on the hub; every part of the decoder is named, so that the newer names do not pass for these
        KeyLayout.FromPrefixes("hub", ("model.visual.", "visual."), ("model.language_model.embed_tokens.", "model.embed_tokens."),
            ("model.language_model.layers.", "model.layers."),
            ("model.language_model.norm.", "model.norm."), ("lm_head.", "lm_head.")),
        Newest("memory"),
    ];

    /// <summary>Qwen3-VL.</summary>
    public static IReadOnlyList<KeyLayout> Qwen3Layouts { get; } = [Newest("hub")];

    private static KeyLayout Newest(string name) => KeyLayout.FromPrefixes(name, ("model.visual.", "model.visual."),
        ("model.language_model.", "model.language_model."), ("lm_head.", "lm_head."));
}
