namespace SafeRlhfV.Models;

/// <summary>Reads normalizers.</summary>
internal static class NormalizerReader
{
    public static TextNormalizer Read(ConfigReader section) => section.Text("type") switch
    {
        "Sequence" => new NormalizerSequence([.. (section.Sections("normalizers") ?? throw section.Error("normalizers", "is missing")).Select(Read)]),
        "Prepend" => new PrependNormalizer(section.Text("prepend")),
        "Replace" => new ReplaceNormalizer(PatternReader.Read(section), section.Text("content")),
        var other => throw section.Error("type", $"'{other}' is no normalizer that can be used here (Prepend, Replace, Sequence)"),
    };
}
