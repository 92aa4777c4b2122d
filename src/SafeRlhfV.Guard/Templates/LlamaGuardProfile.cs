namespace SafeRlhfV.Guard;

/// <summary>Llama Guard 3 (text and vision) and 4: the conversation goes to the model, whose chat template adds the task and the hazards S1..S14. The answer's
/// first line is safe or unsafe, its second the codes.</summary>
public sealed class LlamaGuardProfile : GuardProfile
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["llamaguard", "llamaguard3-vision", "llamaguard4"];

    /// <inheritdoc/>
    public override string? Template => null;

    /// <inheritdoc/>
    public override (IReadOnlyList<string> Unsafe, IReadOnlyList<string> Safe) Labels => (["unsafe"], ["safe"]);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, (string Category, Severity Severity)> Categories { get; } = new Dictionary<string, (string, Severity)>
    {
        ["S1"] = ("violence_and_physical_harm", Severity.Moderate),
        ["S2"] = ("dangerous_behavior", Severity.Moderate),
        ["S3"] = ("sexual_crimes", Severity.Moderate),
        ["S4"] = ("sexual_crimes", Severity.Severe),
        ["S5"] = ("false_information", Severity.Minor),
        ["S6"] = ("harmful_health_content", Severity.Minor),
        ["S7"] = ("privacy_invasion_and_surveillance", Severity.Moderate),
        ["S8"] = ("financial_and_academic_fraud", Severity.Minor),
        ["S9"] = ("terrorism_or_extremism", Severity.Severe),
        ["S10"] = ("discriminatory_depictions", Severity.Moderate),
        ["S11"] = ("dangerous_behavior", Severity.Severe),
        ["S12"] = ("pornographic_content", Severity.Moderate),
        ["S13"] = ("false_information", Severity.Minor),
        ["S14"] = ("hacking_or_digital_crime", Severity.Moderate),
    };

    /// <inheritdoc/>
    public override GuardReading Read(string text, GuardSide side)
    {
        string[] lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string label = lines.Length > 0 ? lines[0] : "";
        if (label == "safe" && lines.Length == 1) return new(false, text.IndexOf(label, StringComparison.Ordinal));
        if (label != "unsafe") throw new FormatException("the guard's answer is neither 'safe' nor 'unsafe' with codes");
        string[] codes = lines.Length > 1 ? lines[1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [];
        return new(true, text.IndexOf(label, StringComparison.Ordinal)) { Codes = codes };
    }
}
