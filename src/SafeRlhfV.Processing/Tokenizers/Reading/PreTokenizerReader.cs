namespace SafeRlhfV.Processing;

/// <summary>Reads pre-tokenizers as a flat list of steps.</summary>
internal static class PreTokenizerReader
{
    // `\w+|[^\w\s]+`
    private static readonly RunPattern Words = new(rune => CodePoints.IsWord(rune) ? 1 : System.Text.Rune.IsWhiteSpace(rune) ? 0 : 2);

    public static IReadOnlyList<PreTokenizer> Read(ConfigReader section) => section.Text("type") switch
    {
        "Sequence" => [.. (section.Sections("pretokenizers") ?? throw section.Error("pretokenizers", "is missing")).SelectMany(Read)],
        "Split" => [new PatternSplitter(PatternReader.Read(section), Behavior(section), section.Flag("invert", false))],
        "ByteLevel" => [new ByteLevelSplitter(section.Flag("add_prefix_space", true), section.Flag("use_regex", true))],
        "Metaspace" => [new MetaspaceSplitter(MetaspaceReader.Replacement(section), MetaspaceReader.Scheme(section), section.Flag("split", true))],
        "Whitespace" => [new PatternSplitter(Words, SplitBehavior.Removed, invert: true)],
        "WhitespaceSplit" => [new WhitespaceSplitter()],
        "BertPreTokenizer" => [new WhitespaceSplitter(), new PatternSplitter(new RunePattern(CodePoints.IsPunctuation), SplitBehavior.Isolated, invert: false)],
        "Digits" => [new PatternSplitter(new RunePattern(CodePoints.IsNumber),
            section.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous, invert: false)],
        "Punctuation" => [new PatternSplitter(new RunePattern(CodePoints.IsPunctuation), Behavior(section, "Isolated"), invert: false)],
        var other => throw section.Error(
            "type", $"'{other}' is no pre-tokenizer that can be used here (Split, ByteLevel, Metaspace, Whitespace, WhitespaceSplit, BertPreTokenizer, "
                + "Digits, Punctuation, Sequence)"),
    };

    private static SplitBehavior Behavior(ConfigReader section, string? fallback = null) => section.Text("behavior", fallback) switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw section.Error("behavior", "must be Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous"),
    };
}
