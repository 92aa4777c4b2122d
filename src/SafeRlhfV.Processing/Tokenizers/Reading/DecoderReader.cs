using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Reads decoders.</summary>
internal static class DecoderReader
{
    private const int MostStripped = 1 << 16;

    public static TokenDecoder Read(ConfigReader section) => section.Text("type") switch
    {
        "Sequence" => new DecoderSequence([.. (section.Sections("decoders") ?? throw section.Error("decoders", "is missing")).Select(Read)]),
        "Replace" => new ReplaceDecoder(PatternReader.Read(section), section.Text("content")),
        "ByteFallback" => new ByteFallbackDecoder(),
        "Fuse" => new FuseDecoder(),
        "Strip" => new StripDecoder(Content(section), section.Int("start", least: 0, most: MostStripped), section.Int("stop", least: 0, most: MostStripped)),
        "ByteLevel" => new ByteLevelDecoder(),
        "Metaspace" => new MetaspaceDecoder(MetaspaceReader.Replacement(section), MetaspaceReader.Scheme(section)),
        "WordPiece" => new WordPieceDecoder(section.Text("prefix", "##"), section.Flag("cleanup", true)),
        "BPEDecoder" => new BpeDecoder(section.Text("suffix", "</w>")),
        var other => throw section.Error("type",
            $"'{other}' is no decoder that can be used here (Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace, WordPiece, BPEDecoder, Sequence)"),
    };

    private static Rune Content(ConfigReader section)
    {
        string text = section.Text("content");
        return Rune.TryGetRuneAt(text.Length == 0 ? "\ud800" : text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length
            ? rune
            : throw section.Error("content", "must be one character");
    }
}
