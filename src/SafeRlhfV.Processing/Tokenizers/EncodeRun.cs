namespace SafeRlhfV.Processing;

/// <summary>One thread's way from normalised text to ids, with its memory.</summary>
internal sealed class EncodeRun
{
    private readonly TokenizerParts parts;
    private readonly Lazy<TokenizerParts> guardedParts;
    private readonly PieceReceiver open;
    private PieceReceiver? guarded;

    /// <param name="parts">What the tokenizer is made of.</param>
    /// <param name="guardedParts">The same with a model that never gives a special token.</param>
    public EncodeRun(TokenizerParts parts, Lazy<TokenizerParts> guardedParts)
    {
        (this.parts, this.guardedParts) = (parts, guardedParts);
        open = Stations(parts);
    }

    /// <summary>The ids so far.</summary>
    public IdBuffer Ids { get; } = new();

    /// <summary>Appends the ids of normalised text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="first">True if it begins the whole text.</param>
    /// <param name="guard">True if some of it is a user's: then no special token comes out.</param>
    public void Encode(ReadOnlySpan<char> text, bool first, bool guard)
    {
        PieceReceiver entry = guard ? guarded ??= guardedParts.Value.Model == parts.Model ? open : Stations(guardedParts.Value) : open;
        entry.Receive(text, first);
    }

    private PieceReceiver Stations(TokenizerParts parts)
    {
        PreTokenizer[] steps = [.. parts.PreTokenizers];
        bool asBytes = steps.Length > 0 && steps[^1] is ByteLevelSplitter;
        if (asBytes) steps[^1] = ((ByteLevelSplitter)steps[^1]).WithoutMapping;
        PieceReceiver station = new PieceEncoder(parts.Model.NewRun(), Ids, asBytes);
        // words of byte-level tokenizers are short as they are
        if (!asBytes && parts.Model is BpeModel { Joined: { } joined } bpe) station = new BoundarySplitter(bpe, joined, station);
        for (int i = steps.Length - 1; i >= 0; i--) station = steps[i].Before(station);
        return station;
    }
}
