namespace SafeRlhfV.Processing;

/// <summary>The part of a tokenizer that turns a piece of text into ids.</summary>
internal abstract class TokenModel
{
    /// <summary>Tokens and their ids, without added tokens.</summary>
    public abstract IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>Pairs of characters that tokens hold side by side; the text may be cut between all others. Null: it must not be cut.</summary>
    public virtual CharacterPairs? Joined => null;

    /// <summary>This model without some tokens, so that no text can give them; the same one if no text does anyway. The unknown token stays.</summary>
    public abstract TokenModel Without(IReadOnlySet<int> hidden);

    /// <summary>What one thread needs to encode with this model.</summary>
    public abstract ModelRun NewRun();
}
