using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>How the gateway looks for injections.</summary>
/// <param name="Patterns">The list of patterns; null for none.</param>
/// <param name="Judges">Chat models that are asked about injections: address, key and model.</param>
/// <param name="Moderators">Moderators whose scores count, such as classifiers in ONNX.</param>
/// <param name="Thresholds">From which score on a text is an injection, by side; a side that is missing is not looked at.</param>
/// <param name="Severity">How grave an injection is.</param>
public sealed record InjectionSettings(InjectionPatterns? Patterns, IReadOnlyList<(Uri Endpoint, string? Key, string Model)> Judges,
    IReadOnlyList<ModeratorSettings> Moderators, IReadOnlyDictionary<InjectionSide, double> Thresholds, Severity Severity)
{
    private static readonly (string, Severity)[] Severities = [("minor", Severity.Minor), ("moderate", Severity.Moderate), ("severe", Severity.Severe)];

    internal static InjectionSettings Read(YamlSection section, string folder)
    {
        List<(Uri, string?, string)> judges = [];
        List<ModeratorSettings> moderators = [];
        foreach (YamlSection one in section.Sections("moderators"))
        {
            if (one.Text("kind") == "judge") judges.Add((one.NeedAddress("endpoint"), one.Secret("key", folder), one.Required("model")));
            else if (ModeratorKinds.Read(one, folder) is { } settings) moderators.Add(settings);
        }
        InjectionPatterns? patterns = ReadPatterns(section, folder);
        if (patterns is null && judges.Count + moderators.Count == 0) section.Fault("patterns", "without patterns name at least one of moderators");
        return new(patterns, judges, moderators, ReadThresholds(section), section.Choice("severity", Severities) ?? Severity.Severe);
    }

    private static InjectionPatterns? ReadPatterns(YamlSection section, string folder)
    {
        string file = section.Text("patterns") ?? "standard";
        if (file is "standard" or "none") return file == "none" ? null : InjectionPatterns.Standard;
        try
        {
            string path = Path.Combine(folder, file);
            return InjectionPatterns.Parse(DiskErrors.Reading(path, () => File.ReadAllText(path)), file);
        }
        catch (InvalidInputException error)
        {
            section.Fault("patterns", error.Message.TrimEnd('.'));
            return null;
        }
    }

    private static Dictionary<InjectionSide, double> ReadThresholds(YamlSection section)
    {
        Dictionary<InjectionSide, double> thresholds = [];
        YamlSection? named = section.Section("thresholds");
        foreach (string side in section.Has("sides") ? section.Texts("sides") : ["prompt", "tool_result"])
        {
            if (side is not ("prompt" or "tool_result")) section.Fault("sides", $"'{side}' must be prompt or tool_result");
            InjectionSide known = side == "prompt" ? InjectionSide.Prompt : InjectionSide.ToolResult;
            thresholds[known] = named?.Number(side, 0, 1) ?? InjectionGuard.Standard[known];
        }
        if (thresholds.Count == 0) section.Fault("sides", "name prompt, tool_result or both");
        return thresholds;
    }
}
