using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Replaces every match of a pattern in each token.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens) => tokens.ConvertAll(token => pattern.Replace(token, content));
}

/// <summary>Joins all tokens to one.</summary>
internal sealed class FuseDecoder : TokenDecoder
{
    public override List<string> Apply(List<string> tokens) => [string.Concat(tokens)];
}

/// <summary>Takes up to so many of a character off both ends of each token.</summary>
internal sealed class StripDecoder(Rune content, int start, int stop) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens)
    {
        string strip = content.ToString();
        return tokens.ConvertAll(token =>
        {
            for (int i = 0; i < start && token.StartsWith(strip, StringComparison.Ordinal); i++) token = token[strip.Length..];
            for (int i = 0; i < stop && token.EndsWith(strip, StringComparison.Ordinal); i++) token = token[..^strip.Length];
            return token;
        });
    }
}

/// <summary>Bytes of the byte-level alphabet become text; each broken sequence becomes one U+FFFD.</summary>
internal sealed class ByteLevelDecoder : TokenDecoder
{
    public override List<string> Apply(List<string> tokens)
    {
        List<byte> bytes = [];
        foreach (string token in tokens) ByteAlphabet.Decode(token, bytes);
        return [Encoding.UTF8.GetString([.. bytes])];
    }
}

/// <summary>Marks become spaces; those of the first token that are put in front are dropped.</summary>
internal sealed class MetaspaceDecoder(char replacement, PrependScheme scheme) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens)
    {
        List<string> decoded = tokens.ConvertAll(token => token.Replace(replacement, ' '));
        if (decoded.Count > 0 && scheme != PrependScheme.Never) decoded[0] = string.Concat(tokens[0].Split(replacement));
        return decoded;
    }
}

/// <summary>Puts a space before every token but the first that does not carry the mark of a word's continuation.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : TokenDecoder
{
    private static readonly (string Old, string New)[] Cleanups =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"),
        (" 're", "'re"),
    ];

    public override List<string> Apply(List<string> tokens)
    {
        List<string> decoded = [];
        foreach (string token in tokens)
        {
            string text = decoded.Count == 0 ? token : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            if (cleanup) foreach ((string old, string replacement) in Cleanups) text = text.Replace(old, replacement, StringComparison.Ordinal);
            decoded.Add(text);
        }
        return decoded;
    }
}

/// <summary>The mark of a word's end becomes a space, at the very end nothing.</summary>
internal sealed class BpeDecoder(string suffix) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens)
    {
        List<string> decoded = [];
        for (int i = 0; i < tokens.Count; i++)
            decoded.Add(suffix.Length == 0 ? tokens[i] : tokens[i].Replace(suffix, i + 1 == tokens.Count ? "" : " ", StringComparison.Ordinal));
        return decoded;
    }
}

/// <summary>One after the other.</summary>
internal sealed class DecoderSequence(IReadOnlyList<TokenDecoder> decoders) : TokenDecoder
{
    public override List<string> Apply(List<string> tokens)
    {
        foreach (TokenDecoder decoder in decoders) tokens = decoder.Apply(tokens);
        return tokens;
    }
}
