namespace SafeRlhfV.Models;

/// <summary>Key layouts of LLaVA checkpoints (names A, B, C, C' of the table in the golden data's README).</summary>
internal static class LlavaKeys
{
    // the first that fits is taken: names with vision_model before those that leave it out
    public static IReadOnlyList<KeyLayout> Layouts { get; } =
    [
        // as on the hub
        KeyLayout.FromPrefixes("hub", Same("language_model.model."), Same("language_model.lm_head."), Same("vision_tower.vision_model."),
            Same("multi_modal_projector."), Same("image_newline")),
        // as transformers 5 saves a new model
        KeyLayout.FromPrefixes("saved", Same("language_model.model."), Same("language_model.lm_head."), ("vision_tower.vision_model.", "vision_tower."),
            Same("multi_modal_projector."),
            Same("image_newline")),
        // as transformers 4.52 to 4.57 had it in memory
        KeyLayout.FromPrefixes("memory-4", ("language_model.model.", "model.language_model."), ("language_model.lm_head.", "lm_head."),
            ("vision_tower.vision_model.", "model.vision_tower.vision_model."), ("multi_modal_projector.", "model.multi_modal_projector."),
            ("image_newline", "model.image_newline")),
        // as transformers 5 has it in memory
        KeyLayout.FromPrefixes("memory", ("language_model.model.", "model.language_model."), ("language_model.lm_head.", "lm_head."),
            ("vision_tower.vision_model.", "model.vision_tower."),
            ("multi_modal_projector.", "model.multi_modal_projector."), ("image_newline", "model.image_newline")),
    ];

    private static (string, string) Same(string prefix) => (prefix, prefix);
}
