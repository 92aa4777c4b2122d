using System.Text.Json;

namespace SafeRlhfV.Processing;

/// <summary>The end and pad tokens that tokenizer_config.json names, for folders whose other files do not give their ids.</summary>
internal sealed record SpecialTokens(int? Eos, int? Pad)
{
    public static SpecialTokens Load(string folder, Tokenizer tokenizer)
    {
        string file = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(file)) return new SpecialTokens(null, null);
        ConfigReader reader = ConfigReader.Open(file);
        return new SpecialTokens(IdOf(reader, "eos_token", tokenizer), IdOf(reader, "pad_token", tokenizer));
    }

    // a text, or in older files an object with `content`
    private static int? IdOf(ConfigReader reader, string name, Tokenizer tokenizer)
    {
        if (!reader.Has(name)) return null;
        string text = reader.Element.GetProperty(name).ValueKind == JsonValueKind.Object ? reader.Section(name)!.Text("content") : reader.Text(name);
        return tokenizer.IdOf(text) ?? throw reader.Error(name, $"is '{text}', which the tokenizer does not have");
    }
}
