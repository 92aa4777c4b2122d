using System.Text.RegularExpressions;

namespace SafeRlhfV.Models;

/// <summary>Which chat format a Qwen-VL checkpoint was trained on.</summary>
internal static partial class QwenChat
{
    /// <summary>By its generation; the default system message is the one that its template names. Null for a template of another kind.</summary>
    public static ChatFormat? Choose(ModelConfig config, string? template)
    {
        if (template is not null && !(template.Contains("<|im_start|>", StringComparison.Ordinal) && template.Contains("<|vision_start|>", StringComparison.Ordinal))) return null;
        if (config.ModelType == "qwen3_vl") return new Qwen3ChatFormat();
        if (template is null) return new Qwen2ChatFormat();
        Match named = DefaultSystem().Match(template);
        return new Qwen2ChatFormat(named.Success ? named.Groups[1].Value : null);
    }

    // the line break is one in a template's plain text, \n in a quoted string
    [GeneratedRegex(@"<\|im_start\|>system(?:\n|\\n)([^<{}'""]+)<\|im_end\|>")]
    private static partial Regex DefaultSystem();
}
