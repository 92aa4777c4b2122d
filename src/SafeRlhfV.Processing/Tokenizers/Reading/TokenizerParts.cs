namespace SafeRlhfV.Processing;

/// <summary>What the files say a tokenizer is made of.</summary>
/// <param name="Path">The file, for errors.</param>
/// <param name="Model">From pieces to ids.</param>
/// <param name="Added">Tokens found before all else.</param>
internal sealed record TokenizerParts(string Path, TokenModel Model, IReadOnlyList<AddedToken> Added)
{
    /// <summary>Changes the text between added tokens; null: nothing does.</summary>
    public TextNormalizer? Normalizer { get; init; }

    /// <summary>Cut the text into pieces, in this order.</summary>
    public IReadOnlyList<PreTokenizer> PreTokenizers { get; init; } = [];

    /// <summary>What is put around a text.</summary>
    public TokenTemplate Template { get; init; } = TokenTemplate.None;

    /// <summary>From tokens to text; null: they are joined by spaces.</summary>
    public TokenDecoder? Decoder { get; init; }

    /// <summary>tokenizer_config.json, if there is one.</summary>
    public ConfigReader? Config { get; init; }
}
