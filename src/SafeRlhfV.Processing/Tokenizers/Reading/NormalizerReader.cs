namespace SafeRlhfV.Processing;

/// <summary>Reads normalizers.</summary>
internal static class NormalizerReader
{
    public static TextNormalizer Read(ConfigReader section) => section.Text("type") switch
    {
        "Sequence" => new NormalizerSequence([.. (section.Sections("normalizers") ?? throw section.Error("normalizers", "is missing")).Select(Read)]),
        "Prepend" => new PrependNormalizer(section.Text("prepend")),
        "Replace" => new ReplaceNormalizer(PatternReader.Read(section), section.Text("content")),
        "NFC" => new UnicodeNormalizer(compose: true, compatibility: false),
        "NFD" => new UnicodeNormalizer(compose: false, compatibility: false),
        "NFKC" => new UnicodeNormalizer(compose: true, compatibility: true),
        "NFKD" => new UnicodeNormalizer(compose: false, compatibility: true),
        "Lowercase" => new LowercaseNormalizer(),
        "Strip" => new StripNormalizer(section.Flag("strip_left", true), section.Flag("strip_right", true)),
        "StripAccents" => new StripAccentsNormalizer(),
        "BertNormalizer" => Bert(section),
        "Precompiled" => CharacterMap(section),
        var other => throw section.Error(
            "type", $"'{other}' is no normalizer that can be used here (Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, "
                + "BertNormalizer, Precompiled, Sequence)"),
    };

    private static BertNormalizer Bert(ConfigReader section)
    {
        bool lowercase = section.Flag("lowercase", true);
        return new(section.Flag("clean_text", true), section.Flag("handle_chinese_chars", true), section.Flag("strip_accents", lowercase), lowercase);
    }

    private static CharacterMap CharacterMap(ConfigReader section)
    {
        try
        {
            return new(Convert.FromBase64String(section.Text("precompiled_charsmap")));
        }
        catch (FormatException error)
        {
            throw section.Error("precompiled_charsmap", $"is no compiled character map ({error.Message.TrimEnd('.')})");
        }
    }
}
