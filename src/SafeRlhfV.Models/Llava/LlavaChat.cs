namespace SafeRlhfV.Models;

/// <summary>Which chat format a LLaVA checkpoint was trained on.</summary>
internal static class LlavaChat
{
    /// <summary>By strings of its template; without one by its language model. Null for a template of another kind.</summary>
    public static ChatFormat? Choose(ModelConfig config, string? template)
    {
        if (template is null) return config.ModelType == "llava_next" && config.Text.ModelType == "mistral" ? new MistralChatFormat() : new VicunaChatFormat();
        if (template.Contains("[INST]", StringComparison.Ordinal)) return MistralChatFormat.FromTemplate(template);
        return template.Contains("ASSISTANT:", StringComparison.Ordinal) ? new VicunaChatFormat() : null;
    }
}
