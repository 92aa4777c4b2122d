namespace SafeRlhfV.Annotation;

/// <summary>
/// Reads the YAML file of <c>data label</c>; recipes/data-label.yaml shows every key. Keys of services stand in environment variables that the file names.
/// </summary>
public static class LabellingSettingsReader
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">It cannot be read or has faults; all of them are named with their lines.</exception>
    public static JudgingSettings Load(string path) =>
        DiskErrors.Reading(path, () => Parse(File.ReadAllText(path), path), "give the path of a file such as recipes/data-label.yaml");

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">It has faults; all of them are named with their lines.</exception>
    public static JudgingSettings Parse(string yaml, string source = "settings") => YamlSection.Read(yaml, source, section =>
    {
        Dictionary<string, ChatModelSettings> models = ServiceSettingsReader.Models(section, "name the model that judges");
        return ServiceSettingsReader.Judging(section, ServiceSettingsReader.Needed(section, "judge"), models);
    });
}
