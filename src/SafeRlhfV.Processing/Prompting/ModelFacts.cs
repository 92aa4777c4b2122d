namespace SafeRlhfV.Processing;

/// <summary>What prompting needs to know about a model, as its configuration files say it.</summary>
/// <param name="ModelType">The family's name (`model_type`).</param>
/// <param name="ImageTokenId">The id that stands in the text for one image token.</param>
/// <param name="EosTokenIds">Ids that end a response; empty if the files do not say.</param>
/// <param name="PadTokenId">The id that fills up a batch; null if the files do not say.</param>
/// <param name="MaxTokens">The number of tokens that the model reads at most.</param>
public sealed record ModelFacts(string ModelType, int ImageTokenId, IReadOnlyList<int> EosTokenIds, int? PadTokenId, int MaxTokens)
{
    /// <summary>The tokenizer adds its begin token even where the chat format has written one (ShieldGemma 2).</summary>
    public bool DoublesBegin { get; init; }
}
