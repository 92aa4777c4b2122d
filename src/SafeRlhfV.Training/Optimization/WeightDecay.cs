namespace SafeRlhfV.Training;

/// <summary>
/// Which parameters weight decay applies to: all but biases and the weights of norms, as in transformers' Trainer (get_decay_parameter_names), which goes by
/// the module's type and by such names. LoRA pairs, embeddings and heads decay.
/// </summary>
internal static class WeightDecay
{
    // the one norm whose name does not say so: that of Qwen2-VL's merger
    private const string MergerNorm = "ln_q";

    /// <summary>Whether a parameter of this name decays.</summary>
    public static bool AppliesTo(string name)
    {
        string[] parts = name.Split('.');
        if (parts[^1].Contains("bias", StringComparison.OrdinalIgnoreCase)) return false;
        return parts.Length < 2 || !(parts[^2].Contains("norm", StringComparison.OrdinalIgnoreCase) || parts[^2] == MergerNorm);
    }
}
