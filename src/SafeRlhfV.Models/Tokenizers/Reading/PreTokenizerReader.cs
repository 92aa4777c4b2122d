namespace SafeRlhfV.Models;

/// <summary>Reads pre-tokenizers as a flat list of steps.</summary>
internal static class PreTokenizerReader
{
    public static IReadOnlyList<PreTokenizer> Read(ConfigReader section) => section.Text("type") switch
    {
        "Sequence" => [.. (section.Sections("pretokenizers") ?? throw section.Error("pretokenizers", "is missing")).SelectMany(Read)],
        "WhitespaceSplit" => [new WhitespaceSplitter()],
        "Metaspace" => [new MetaspaceSplitter(MetaspaceReader.Replacement(section), MetaspaceReader.Scheme(section), section.Flag("split", true))],
        var other => throw section.Error("type", $"'{other}' is no pre-tokenizer that can be used here (WhitespaceSplit, Metaspace, Sequence)"),
    };
}
