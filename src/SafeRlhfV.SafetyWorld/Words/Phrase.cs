namespace SafeRlhfV.SafetyWorld;

/// <summary>A phrase of the world's grammar.</summary>
public sealed class Phrase
{
    internal Phrase(int id, PhraseKind kind, int owner, int index, string text)
    {
        (Id, Kind, Owner, Index, Text) = (id, kind, owner, index, text);
        Words = Vocabulary.Encode(text);
    }

    /// <summary>Its place in <see cref="Phrasebook.All"/>.</summary>
    public int Id { get; }

    /// <summary>What it does.</summary>
    public PhraseKind Kind { get; }

    /// <summary>The object it belongs to (index in <see cref="Phrasebook.Objects"/>), or -1 where it suits all.</summary>
    public int Owner { get; }

    /// <summary>Which of its kind: the colour of a name, the cell of a place, the severity of a mark, else a running number.</summary>
    public int Index { get; }

    /// <summary>Its words, joined by spaces.</summary>
    public string Text { get; }

    /// <summary>Its words as ids of <see cref="Vocabulary"/>.</summary>
    public IReadOnlyList<int> Words { get; }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
